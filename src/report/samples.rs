//! Reports that every renderer is tested with.

use std::sync::Arc;

use super::*;
use crate::model::{Grade, Severity};

/// Every sample with its name.
pub(crate) fn all() -> Vec<(&'static str, Report)> {
    vec![
        ("seed", seed()),
        ("hardened", hardened()),
        ("empty", empty()),
        ("many", many()),
        ("hostile", hostile()),
        ("foreign", foreign()),
        ("smuggler", smuggler()),
        ("governed", governed()),
    ]
}

fn place(path: &str, line: u32, column: u32, end_column: u32) -> Location {
    Location { path: Arc::from(path), line, column, end_line: line, end_column }
}

fn evidence(location: &Location, rule: &str, note: &str) -> Evidence {
    Evidence { location: location.clone(), note: note.into(), rule: rule.into(), grade: Grade::Observed }
}

/// What differs from "met" in a target's requirements.
type Open<'a> = &'a [(Requirement, State, &'a str, Location, Option<&'a str>)];

fn level_of(requirement: Requirement) -> u8 {
    match requirement {
        Requirement::ProvenanceExists | Requirement::ProvenanceDistributed => 1,
        Requirement::HostedBuild | Requirement::ProvenanceAuthentic => 2,
        _ => 3,
    }
}

fn requirements(pipeline: &str, open: Open<'_>) -> Vec<RequirementReport> {
    let one = |id: Requirement| {
        let found = open.iter().find(|(requirement, ..)| *requirement == id);
        let (state, reason, location, to_show) = match found {
            Some((_, state, reason, location, to_show)) => (*state, *reason, location.clone(), *to_show),
            None => (
                State::Met,
                "The hosted runner `ubuntu-24.04` and the steps show it.",
                place(pipeline, 12, 5, 26),
                None,
            ),
        };
        RequirementReport {
            id,
            level: level_of(id),
            state,
            reason: reason.into(),
            evidence: vec![evidence(&location, id.id(), "decides this requirement")],
            to_show: to_show.map(str::to_owned),
        }
    };
    Requirement::ALL.iter().copied().map(one).collect()
}

/// A target whose level and cap follow from what is open.
fn target(kind: Kind, name: &str, pipeline: &str, open: Open<'_>, snippet: Option<&str>) -> TargetReport {
    let id = format!("{}:{name}", kind.id());
    let requirements = requirements(pipeline, open);
    let first = requirements.iter().find(|requirement| requirement.state.is_open());
    let lowest = requirements.iter().filter(|r| r.state.is_open()).map(|r| r.level - 1).min().unwrap_or(3);
    let cap = first.map(|requirement| Cap {
        requirement: requirement.id,
        state: requirement.state,
        target: Some(id.clone()),
        reason: requirement.reason.clone(),
        location: requirement.evidence.first().map(|evidence| evidence.location.clone()),
        snippet: snippet.map(str::to_owned),
    });
    TargetReport {
        id,
        kind,
        name: name.into(),
        locations: vec![format!("https://example.org/{name}")],
        pipeline: pipeline.into(),
        platform: Platform::GithubActions,
        event: "push of a tag".into(),
        build_jobs: vec!["build".into()],
        publish_job: "publish".into(),
        provenance_job: None,
        level: lowest,
        declared_level: lowest,
        reach: lowest,
        cap,
        requirements,
        chain: vec![
            ChainLink { what: "job `build` runs `make dist`".into(), location: place(pipeline, 18, 14, 23) },
            ChainLink { what: "job `publish` uploads `dist/*`".into(), location: place(pipeline, 40, 14, 38) },
        ],
        boundary: Boundary::default(),
    }
}

fn report(targets: Vec<TargetReport>) -> Report {
    let lowest = targets.iter().min_by_key(|target| target.level);
    let level = lowest.map_or(0, |target| target.level);
    Report {
        version: 1,
        tool: Tool { name: "truelevel".into(), version: "0.1.0".into(), spec: "SLSA v1.2".into() },
        root: ".".into(),
        revision: Some("4f2c9d1a0b3c5e7f90112233445566778899aabb".into()),
        repository: None,
        level,
        declared_level: level,
        cap: lowest.and_then(|target| target.cap.clone()),
        targets,
        plan: vec![],
        claims: vec![],
        notes: vec![],
        declarations: vec![],
        accepted: vec![],
        excluded: vec![],
        gate: vec![],
        unassessed: vec![],
        errors: vec![],
    }
}

fn note(rule: &str, severity: Severity, message: &str, location: Option<Location>) -> Note {
    Note { rule: rule.into(), severity, message: message.into(), location }
}

const RELEASE: &str = ".github/workflows/release.yml";

/// A release that signs its provenance with a stored key, in the job that builds: level 1, two levels to climb.
pub(crate) fn seed() -> Report {
    let key = place(RELEASE, 31, 31, 56);
    let job = place(RELEASE, 29, 14, 66);
    let token = place(RELEASE, 9, 3, 18);
    let mut released = target(
        Kind::ReleaseAssets,
        "seed",
        RELEASE,
        &[
            (
                Requirement::ProvenanceAuthentic,
                State::Failed,
                "The provenance is signed with the key in the secret `COSIGN_KEY`, which every step of job `build` can \
                 read, and its content is a file that the job writes itself.",
                key.clone(),
                None,
            ),
            (
                Requirement::ProvenanceUnforgeable,
                State::Failed,
                "The provenance is made in job `build`, next to the steps that it describes.",
                job.clone(),
                None,
            ),
            (
                Requirement::ScopedToken,
                State::Unshown,
                "Job `build` declares no permissions, so its token has what the organisation's default gives.",
                token.clone(),
                Some("`permissions: contents: read` in job `build` of .github/workflows/release.yml"),
            ),
        ],
        Some("          COSIGN_PRIVATE_KEY: ${{ secrets.COSIGN_KEY }}"),
    );
    released.provenance_job = Some("build".into());
    let targets = vec![released.id.clone()];
    let mut report = report(vec![released]);
    report.plan = vec![
        PlanStep {
            step: 1,
            requirement: Requirement::ProvenanceAuthentic,
            targets: targets.clone(),
            names: targets.clone(),
            title: "Let the platform sign the provenance".into(),
            detail:
                "Replace `cosign attest --key` by `actions/attest-build-provenance`, which takes its content from the \
                     platform and signs with the identity of the workflow; drop the secret COSIGN_KEY."
                    .into(),
            level_after: 2,
            locations: vec![job.clone(), key],
            fixable: true,
        },
        PlanStep {
            step: 2,
            requirement: Requirement::ProvenanceUnforgeable,
            targets: targets.clone(),
            names: targets.clone(),
            title: "Move the provenance out of reach of the build".into(),
            detail:
                "Hand the archive's digest to `slsa-framework/slsa-github-generator`'s generic workflow in a job of \
                     its own."
                    .into(),
            level_after: 3,
            locations: vec![job],
            fixable: false,
        },
        PlanStep {
            step: 3,
            requirement: Requirement::ScopedToken,
            targets: targets.clone(),
            names: targets,
            title: "Declare what the build's token may do".into(),
            detail: "Write `permissions: contents: read` into job `build`.\nSplit building from publishing.".into(),
            level_after: 3,
            locations: vec![token],
            fixable: true,
        },
    ];
    report.notes = vec![
        note(
            "unpinned-action",
            Severity::Info,
            "`actions/checkout@v4` is a tag that its owner can move.",
            Some(place(RELEASE, 14, 15, 34)),
        ),
        note(
            "stored-token",
            Severity::Warning,
            "A stored registry token outlives the run that uses it; an identity of the run does not.",
            Some(place(RELEASE, 42, 20, 44)),
        ),
    ];
    report
}

/// Everything met.
pub(crate) fn hardened() -> Report {
    let mut released = target(Kind::Image, "ghcr.io/example/service", ".github/workflows/image.yml", &[], None);
    released.provenance_job = Some("provenance".into());
    let job = |key: &str, runner: Option<&str>, defined_in: Option<&str>| BoundaryJob {
        key: key.into(),
        runner: runner.map(str::to_owned),
        defined_in: defined_in.map(str::to_owned),
    };
    let generator = "slsa-framework/slsa-github-generator/.github/workflows/generator_container_slsa3.yml@v2.1.0";
    released.boundary = Boundary {
        jobs: vec![
            job("build", Some("ubuntu-24.04"), None),
            job("publish", Some("ubuntu-24.04"), None),
            job("provenance", None, Some(generator)),
        ],
        producer: Some("generator_container_slsa3.yml@v2.1.0".into()),
        signer: Some("identity of the generator's workflow".into()),
        store: Some("ghcr.io/example/service, beside the image".into()),
    };
    let mut report = report(vec![released]);
    report.repository = Some("https://github.com/example/service".into());
    report
}

/// A checkout that releases nothing.
pub(crate) fn empty() -> Report {
    let mut report = report(vec![]);
    report.revision = None;
    report.cap = Some(Cap {
        requirement: Requirement::ProvenanceExists,
        state: State::Unshown,
        target: None,
        reason: "No step of the 2 pipeline files under .github/workflows publishes anything.".into(),
        location: None,
        snippet: None,
    });
    report
}

/// Targets on four levels, a file that cannot be read, pipelines that are not graded, an overclaim.
pub(crate) fn many() -> Report {
    let unsigned = |line| {
        (
            Requirement::ProvenanceExists,
            State::Unshown,
            "`npm publish` makes no provenance unless it is asked to.",
            place(".github/workflows/publish-packages.yml", line, 14, 25),
            Some("`--provenance` behind `npm publish`, and `id-token: write` for the job"),
        )
    };
    let cache = (
        Requirement::IsolatedCache,
        State::Failed,
        "`actions/cache` restores what a build of another branch can write.",
        place(".github/workflows/image.yml", 22, 9, 31),
        None,
    );
    let mut targets = Vec::new();
    for name in ["left-pad", "right-pad", "top-pad", "bottom-pad", "inner-pad"] {
        let name = format!("@example/{name}");
        let pipeline = ".github/workflows/publish-packages.yml";
        targets.push(target(Kind::Npm, &name, pipeline, &[unsigned(44)], Some("        run: npm publish")));
    }
    for at in 1..=14_u32 {
        let open = (
            Requirement::ProvenanceAuthentic,
            State::Failed,
            "BuildKit's provenance is not signed.",
            place(".github/workflows/image.yml", 30 + at, 9, 31),
            None,
        );
        let name = format!("ghcr.io/example/worker-{at}");
        targets.push(target(Kind::Image, &name, ".github/workflows/image.yml", &[open, cache.clone()], None));
    }
    for name in ["cli", "server", "agent"] {
        targets.push(target(Kind::Crate, name, ".github/workflows/image.yml", std::slice::from_ref(&cache), None));
    }
    // Nothing of these is alike: a workflow for each.
    for at in 1..=11 {
        let pipeline = format!(".github/workflows/wheel-{at}.yml");
        targets.push(target(Kind::Pypi, &format!("example-{at}"), &pipeline, &[], None));
    }
    targets.sort_by(|a, b| a.id.cmp(&b.id));
    let npm: Vec<String> = targets.iter().filter(|t| t.level == 0).map(|t| t.id.clone()).collect();
    let images: Vec<String> = targets.iter().filter(|t| t.level == 1).map(|t| t.id.clone()).collect();
    let mut report = report(targets);
    report.root = "work/platform".into();
    let step = |step, requirement, targets: &[String], level_after, lines: std::ops::Range<u32>| PlanStep {
        step,
        requirement,
        targets: targets.to_vec(),
        names: targets.to_vec(),
        title: format!("Meet {requirement}"),
        detail: "Do what the card of the requirement says, in every place below.".into(),
        level_after,
        locations: lines.map(|line| place(".github/workflows/image.yml", line, 9, 31)).collect(),
        fixable: false,
    };
    report.plan = vec![
        step(1, Requirement::ProvenanceExists, &npm, 1, 44..45),
        step(2, Requirement::ProvenanceAuthentic, &images, 2, 31..45),
        step(3, Requirement::IsolatedCache, &images, 3, 22..23),
    ];
    report.claims = vec![Claim {
        location: place("README.md", 5, 1, 55),
        level: 3,
        overclaim: true,
        text: "![SLSA 3](https://slsa.dev/images/gh-badge-level3.svg)".into(),
    }];
    report.notes =
        vec![note("no-review", Severity::Info, "Nothing asks for a second reviewer of the pipelines.", None)];
    report.unassessed = vec![
        Unassessed {
            path: ".circleci/config.yml".into(),
            platform: "circleci".into(),
            reason: "CircleCI pipelines are recognised but not analysed; `docker push` looks like a release.".into(),
            location: Some(place(".circleci/config.yml", 61, 20, 31)),
            holds_down: true,
        },
        Unassessed {
            path: "azure-pipelines.yml".into(),
            platform: "azure-pipelines".into(),
            reason: "Azure Pipelines are recognised but not analysed; nothing in the file looks like a release.".into(),
            location: None,
            holds_down: false,
        },
    ];
    report.errors = vec![
        Problem {
            path: ".github/workflows/nightly.yml".into(),
            line: Some(17),
            column: Some(3),
            message: "the key `on` stands twice in this mapping".into(),
        },
        Problem { path: ".github/workflows/old.yml".into(), line: None, column: None, message: "not UTF-8".into() },
    ];
    report
}

/// A checkout whose author writes names for the terminal rather than for people.
pub(crate) fn hostile() -> Report {
    let evil = "\u{1b}[2J\u{1b}]0;owned\u{7}a\r\nSLSA Build level 3\tb\u{202e}gpj.exe\u{2066}\u{200b}\u{9b}31m";
    let path = "dir\n/\u{1b}[31mrelease\u{200f}.yml";
    hostile_with(evil, path, "\t\u{1b}[8mrun: \u{202e}npm publish\u{200d} 名前\u{7f} now")
}

/// A checkout whose author writes names for whatever reads the report: the runner's log, Markdown, HTML, Mermaid.
pub(crate) fn smuggler() -> Report {
    let evil = "::set-output name=a::b\n::error file=a,line=1::c ##[add-mask]d %0A::e </code></pre></summary>--> \
                <script>alert(1)</script> <img src=x onerror='a()'> ```\n| x | `y`\\| ![a](javascript:b) @everyone #1 \
                https://evil.example www.evil.example \"]; click a \"javascript:b\" & &lt; {0} ${{ c }} *d* _e_";
    hostile_with(evil, "::error::a/`b|c`,d:e/<f>.yml", "````\"> ::error::a <script>alert(1)</script>")
}

fn hostile_with(evil: &str, path: &str, snippet: &str) -> Report {
    let at = place(path, 3, 3, 30);
    let open = (Requirement::ProvenanceExists, State::Unshown, evil, at.clone(), Some(evil));
    let mut released = target(Kind::Other, evil, path, &[open], Some(snippet));
    released.event = evil.into();
    released.build_jobs = vec![evil.into()];
    released.publish_job = evil.into();
    released.provenance_job = Some(evil.into());
    released.chain = vec![ChainLink { what: evil.into(), location: at.clone() }];
    released.boundary = Boundary {
        jobs: vec![BoundaryJob { key: evil.into(), runner: Some(evil.into()), defined_in: Some(evil.into()) }],
        producer: Some(evil.into()),
        signer: Some(evil.into()),
        store: Some(evil.into()),
    };
    for requirement in &mut released.requirements {
        requirement.evidence.push(evidence(&at, evil, evil));
    }
    let mut report = report(vec![released]);
    report.root = evil.into();
    report.revision = Some(evil.into());
    report.repository = Some(evil.into());
    report.plan = vec![PlanStep {
        step: 1,
        requirement: Requirement::ProvenanceExists,
        targets: vec![evil.into()],
        names: vec![evil.into()],
        title: evil.into(),
        // A detail may have several lines; whoever writes it keeps names on one.
        detail: format!("Now: {}\nThen: {}", evil.replace(['\r', '\n'], " "), evil.replace(['\r', '\n'], " ")),
        level_after: 1,
        locations: vec![at.clone()],
        fixable: false,
    }];
    report.claims = [true, false].map(|over| claim(at.clone(), 3, over, evil)).to_vec();
    report.notes = vec![note(evil, Severity::Info, evil, Some(at.clone()))];
    let known = |rule: &str, target: Option<&str>| AcceptedFinding {
        target: target.map(str::to_owned),
        message: rule.into(),
        location: Some(at.clone()),
    };
    let id = report.targets.first().map(|target| target.id.clone()).unwrap_or_default();
    let first = Requirement::ProvenanceExists.id();
    report.declarations = vec![declaration(DeclarationStatus::Counts, (40, 60), evil, &at)];
    report.accepted = vec![
        acceptance(first, AcceptedStatus::Accepted, evil, &at, vec![known(evil, Some(&id))]),
        acceptance(evil, AcceptedStatus::Unused, evil, &at, vec![]),
    ];
    report.excluded = vec![Excluded {
        path: evil.into(),
        reason: Some(evil.into()),
        files: vec![ExcludedFile { path: path.into(), counts: true, what: evil.into() }],
        location: at.clone(),
    }];
    report.gate = vec![Condition {
        rule: ConditionRule::MinLevel,
        target: Some(evil.into()),
        min_level: Some(3),
        holds: false,
        message: evil.into(),
        location: at.clone(),
    }];
    report.unassessed = vec![Unassessed {
        path: path.into(),
        platform: evil.into(),
        reason: evil.into(),
        location: Some(at),
        holds_down: true,
    }];
    report.errors = vec![Problem { path: path.into(), line: Some(1), column: Some(1), message: evil.into() }];
    report
}

/// Targets that reach further than their platform's files can express.
pub(crate) fn foreign() -> Report {
    let path = "deploy/pipelines/release-and-publish.yml";
    let open = (
        Requirement::ScopedToken,
        State::Unshown,
        "The files of this platform cannot say what a job's token may do.",
        place(path, 8, 1, 20),
        Some("nothing in files; the project's settings decide"),
    );
    let mut wheel = target(Kind::Pypi, "example", path, &[open], Some("build-wheel:\twheel"));
    wheel.reach = 3;
    report(vec![wheel, target(Kind::Pypi, "example-plugin", ".github/workflows/plugin.yml", &[], None)])
}

fn claim(location: Location, level: u8, overclaim: bool, text: &str) -> Claim {
    Claim { location, level, overclaim, text: text.into() }
}

fn declaration(status: DeclarationStatus, (age, left): (i64, i64), text: &str, at: &Location) -> Declaration {
    let counts = status == DeclarationStatus::Counts;
    Declaration {
        requirement: Requirement::ScopedToken,
        targets: if counts { vec![text.into()] } else { vec![] },
        status,
        reason: text.into(),
        reference: text.into(),
        owner: text.into(),
        since: "2026-10-01".into(),
        expires: "2027-01-31".into(),
        age_days: age,
        days_left: left,
        location: at.clone(),
    }
}

fn acceptance(
    rule: &str,
    status: AcceptedStatus,
    text: &str,
    at: &Location,
    findings: Vec<AcceptedFinding>,
) -> Accepted {
    Accepted {
        rule: rule.into(),
        target: Some(text.into()),
        path: Some(text.into()),
        status,
        reason: text.into(),
        owner: Some(text.into()),
        expires: "2027-01-31".into(),
        findings,
        location: at.clone(),
    }
}

/// A team that uses everything which its configuration offers.
pub(crate) fn governed() -> Report {
    let mut report = seed();
    let at = |line| place("truelevel.yml", line, 5, 30);
    if let Some(target) = report.targets.first_mut() {
        target.declared_level = 1;
    }
    let unforgeable = report.targets.first().and_then(|target| {
        let open = target.requirements.iter().find(|r| r.id == Requirement::ProvenanceUnforgeable)?;
        Some(AcceptedFinding {
            target: Some(target.id.clone()),
            message: open.reason.clone(),
            location: open.evidence.first().map(|evidence| evidence.location.clone()),
        })
    });
    report.gate = vec![
        Condition {
            rule: ConditionRule::MinLevel,
            target: None,
            min_level: Some(2),
            holds: false,
            message: "level 1 is below min-level 2".into(),
            location: at(2),
        },
        Condition {
            rule: ConditionRule::DenyOverclaim,
            target: None,
            min_level: None,
            holds: false,
            message: "1 claim of more than level 1".into(),
            location: at(2),
        },
    ];
    report.claims = vec![
        claim(place("README.md", 3, 1, 60), 3, true, "![SLSA 3](https://slsa.dev/images/gh-badge-level3.svg)"),
        claim(place("docs/security.md", 12, 4, 40), 1, false, "Our releases reach SLSA Build Level 1."),
    ];
    let text = "The organisation's default token is read-only.";
    report.declarations = vec![
        Declaration {
            targets: vec!["release-assets:seed".into()],
            reference: "https://wiki.example/ci#tokens".into(),
            owner: "Platform team".into(),
            ..declaration(DeclarationStatus::Counts, (58, 64), text, &at(9))
        },
        Declaration {
            requirement: Requirement::HostedBuild,
            reference: "AUD-17".into(),
            owner: "Platform team".into(),
            expires: "2026-11-01".into(),
            ..declaration(DeclarationStatus::Expired, (230, -27), "The pool is kept in another repository.", &at(16))
        },
    ];
    report.accepted = vec![
        Accepted {
            target: None,
            path: None,
            reason: "The generator comes with the next release.".into(),
            owner: None,
            ..acceptance(
                Requirement::ProvenanceUnforgeable.id(),
                AcceptedStatus::Accepted,
                "",
                &at(24),
                unforgeable.into_iter().collect(),
            )
        },
        Accepted {
            target: None,
            path: Some(".github/workflows/*.yml".into()),
            reason: "Tags of our own organisation.".into(),
            owner: Some("Build team".into()),
            expires: "2026-10-31".into(),
            ..acceptance("unpinned-action", AcceptedStatus::Expired, "", &at(28), vec![])
        },
    ];
    report.excluded = vec![Excluded {
        path: "testdata/**".into(),
        reason: Some("Pipelines that tests read.".into()),
        files: vec![
            ExcludedFile {
                path: "testdata/.circleci/config.yml".into(),
                counts: true,
                what: "CircleCI pipelines are not analysed, and this one shows an image push".into(),
            },
            ExcludedFile { path: "testdata/ci.yml".into(), counts: false, what: "2 notes".into() },
        ],
        location: at(33),
    }];
    report
}
