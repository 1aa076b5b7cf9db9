//! Provenance: whether it exists, reaches consumers, is authentic and unforgeable, and names all parameters.

use super::parameters::Reaching;
use crate::catalogue::{Bytes, Content, Signer};
use crate::model::{Evidence, Kind, Remedy, Requirement, Verdict};
use crate::release::{Linked, Provenance, Reach, Refused, Separation};

/// The five provenance requirements, given the external parameters that reach the build.
pub(super) fn judge(target: &Linked<'_>, reaching: &[Reaching]) -> Vec<Verdict> {
    match &target.provenance {
        Some(p) => vec![
            exists(target, p),
            distributed(target, p),
            authentic(p),
            unforgeable(target, p),
            parameters(target, p, reaching),
        ],
        None => {
            let exists = absent(target);
            let first = exists.evidence().first().cloned().unwrap_or_else(|| published(target));
            let follow = |requirement, to_show: &str| {
                Verdict::unshown(requirement, "there is no provenance that could show it", first.clone(), to_show)
            };
            let rest = vec![
                follow(
                    Requirement::ProvenanceDistributed,
                    "provenance in the forge's store, the registry or the release",
                ),
                follow(Requirement::ProvenanceAuthentic, "provenance signed by an identity that the platform controls"),
                follow(
                    Requirement::ProvenanceUnforgeable,
                    "provenance signed by a trusted workflow outside this repository",
                ),
                parameters_without(target, &first, reaching),
            ];
            std::iter::once(exists).chain(rest).collect()
        }
    }
}

fn published(target: &Linked<'_>) -> Evidence {
    Evidence::observed(&target.publish.location, &target.publish.rule, target.publish.what.clone())
}

fn exists(target: &Linked<'_>, p: &Provenance) -> Verdict {
    let remarks: Vec<&str> = p.remark.iter().chain(&p.assumed).map(String::as_str).collect();
    let mut reason = format!("{} is made, and {}", p.what, p.coverage);
    if !remarks.is_empty() {
        reason = format!("{reason} ({})", remarks.join("; "));
    }
    let note = p.assumed.as_ref().map_or_else(|| p.what.clone(), |assumed| format!("{} ({assumed})", p.what));
    Verdict::met(Requirement::ProvenanceExists, reason, Evidence::observed(&p.location, &p.rule, note))
        .with([published(target)])
}

fn absent(target: &Linked<'_>) -> Verdict {
    let requirement = Requirement::ProvenanceExists;
    if let Some(slug) = &target.opaque {
        return Verdict::unshown(
            requirement,
            format!("the release may be made by code of {slug}, and nothing in the checkout shows what it does"),
            published(target),
            format!("the checkout of {slug}, given with `--with {slug}=PATH`"),
        );
    }
    let look_alikes = target
        .look_alikes
        .iter()
        .map(|(why, location)| Evidence::observed(location, "look-alike", format!("no provenance: {why}")));
    if target.publish.rule == "opaque-publisher" {
        return Verdict::unshown(
            requirement,
            format!("this step {}", target.publish.what),
            published(target),
            format!(
                "publishing by commands or actions that can be read, with a provenance step over what they publish{}",
                supplied(target)
            ),
        )
        .beside(look_alikes);
    }
    match target.refused.split_first() {
        Some((first, rest)) => Verdict::failed(
            requirement,
            match first.is_switched_off() {
                true => first.why.clone(),
                false => format!("what is meant as provenance does not count: {}", first.why),
            },
            Evidence::observed(&first.location, &first.rule, first.why.clone()),
        )
        .mended_by(remedy(target, first))
        .with(rest.iter().map(|r| Evidence::observed(&r.location, &r.rule, r.why.clone())))
        .with([published(target)])
        .beside(look_alikes),
        None if !target.unread.is_empty() => {
            let evidence: Vec<Evidence> =
                target.unread.iter().map(|r| Evidence::observed(&r.location, &r.rule, r.why.clone())).collect();
            Verdict::unshown(
                requirement,
                format!(
                    "nothing shows that there is provenance for what is published: {}",
                    target.unread.first().map_or("", |r| r.why.as_str())
                ),
                published(target),
                match target.kind {
                    Kind::Npm => {
                        "`--provenance` on the command that publishes, or a client of a version that makes it by itself"
                    }
                    _ => "digests taken by a visible command, such as `sha256sum` over the files that are uploaded",
                },
            )
            .with(evidence)
        }
        None => {
            let seen = if target.look_alikes.is_empty() { "" } else { "; signatures, SBOMs and scans are none" };
            Verdict::unshown(
                requirement,
                format!("nothing makes build provenance for what this step publishes{seen}"),
                published(target),
                format!(
                    "a provenance step whose subject is what is published, in every run that publishes{}",
                    supplied(target)
                ),
            )
            .with(target.publish.chain.iter().map(|h| Evidence::observed(&h.location, "follow", h.what.clone())))
            .beside(look_alikes)
        }
    }
}

/// What to do about provenance that does not count, if one thing is enough.
fn remedy(target: &Linked<'_>, refused: &Refused) -> Option<Remedy> {
    let (what, location) = (refused.remedy()?, refused.location.clone());
    // What is built without being pushed keeps nothing, whatever it asks for.
    let elsewhere = refused.is_switched_off() && target.publish.bytes == Bytes::Given && target.kind == Kind::Image;
    let besides = if elsewhere { ", and let that build push the image, with a builder in a container" } else { "" };
    Some(Remedy { what, location, besides: besides.to_owned() })
}

/// Which checkouts could show more, as the end of a sentence.
fn supplied(target: &Linked<'_>) -> String {
    let given: Vec<String> = target.supply.iter().map(|repository| format!("`--with {repository}=PATH`")).collect();
    if given.is_empty() {
        return String::new();
    }
    format!("; if one of another repository makes it, its checkout, given with {}", given.join(" or "))
}

fn distributed(target: &Linked<'_>, p: &Provenance) -> Verdict {
    let requirement = Requirement::ProvenanceDistributed;
    match &p.reach {
        Reach::Public(how, location) => {
            Verdict::met(requirement, how.clone(), Evidence::documented(location, &p.rule, how.clone()))
        }
        Reach::Unshown(why, location) => Verdict::unshown(
            requirement,
            why.clone(),
            Evidence::observed(location, &p.rule, why.clone()),
            "provenance in the forge's store, or a copy that takes attestations along (`cosign copy`)",
        )
        .with([published(target)]),
        Reach::Lost(why, location) => Verdict::failed(
            requirement,
            format!("consumers cannot get the provenance: {why}"),
            Evidence::observed(location, &p.rule, why.clone()),
        )
        .with([published(target)]),
    }
}

fn authentic(p: &Provenance) -> Verdict {
    let requirement = Requirement::ProvenanceAuthentic;
    let at = |note: &str| Evidence::observed(&p.location, &p.rule, note);
    let failed = |reason: &str| Verdict::failed(requirement, format!("{} {reason}", p.what), at(reason));
    match (p.signer, p.content) {
        (Signer::Nobody, _) => failed("is unsigned"),
        (Signer::JobKey, _) => failed("is signed with a key that the job holds as a secret"),
        (_, Content::Tenant) => failed("has a predicate that the job itself writes, whatever signs it"),
        (Signer::JobIdentity | Signer::Builder | Signer::ControlPlane, Content::Platform) => Verdict::met(
            requirement,
            "an identity that the platform controls signs it, and its content comes from the platform",
            Evidence::documented(&p.location, &p.rule, p.what.clone()),
        ),
    }
}

fn unforgeable(target: &Linked<'_>, p: &Provenance) -> Verdict {
    let requirement = Requirement::ProvenanceUnforgeable;
    let job = target.flow.jobs.get(p.job).map_or("?", |j| j.key.as_str());
    let calls = || p.chain.iter().map(|h| Evidence::observed(&h.location, "follow", h.what.clone()));
    let failed = |reason: String| {
        Verdict::failed(requirement, reason.clone(), Evidence::observed(&p.location, &p.rule, reason)).with(calls())
    };
    match &p.separation {
        Separation::TrustedBuilder => Verdict::met(
            requirement,
            "a trusted workflow of another repository signs it, in a job that runs no code of the build",
            Evidence::documented(&p.location, &p.rule, p.what.clone()),
        ),
        Separation::ControlPlane => Verdict::met(
            requirement,
            "the platform's control plane makes and signs it",
            Evidence::documented(&p.location, &p.rule, p.what.clone()),
        ),
        Separation::BuildJob => failed(match p.signer {
            Signer::Nobody => {
                format!(
                    "the job {job} builds and makes the provenance, and nothing signs it: its build steps can change it"
                )
            }
            Signer::JobKey => format!("the job {job} builds and signs: its build steps can reach the signing key"),
            Signer::JobIdentity | Signer::Builder | Signer::ControlPlane => {
                format!("the job {job} builds and signs: its build steps can reach the signing identity")
            }
        }),
        Separation::SameWorkflow if p.signer == Signer::Nobody => {
            failed(format!("the job {job} makes the provenance in the same workflow that builds, and nothing signs it"))
        }
        Separation::SameWorkflow if target.build_jobs().all(|(_, build)| build.other_run) => failed(format!(
            "the job {job} signs in a workflow of this repository, which the same people edit as the build"
        )),
        Separation::SameWorkflow => failed(format!(
            "the job {job} signs in the same workflow that builds, and all jobs of a workflow share one identity"
        )),
        Separation::SameRepository => failed(format!(
            "the job {job} signs in a called workflow of this same repository, which the same people edit"
        )),
        Separation::OutsideWithBuild(claim) => {
            let claim = claim.as_deref().map(|c| format!(" ({c})")).unwrap_or_default();
            failed(format!(
                "the outside workflow builds and signs in one job, so the build can reach the identity{claim}"
            ))
        }
        Separation::OutsideApart(repository) => Verdict::met(
            requirement,
            format!("a workflow of {repository} signs it, in a job that runs no code of the build"),
            Evidence::observed(&p.location, &p.rule, p.what.clone()),
        )
        .with(calls()),
        Separation::OutsideReached(why, location) => {
            Verdict::failed(requirement, why.clone(), Evidence::observed(location, &p.rule, why.clone())).with(calls())
        }
        Separation::OutsideMachine(why, location) => Verdict::unshown(
            requirement,
            why.clone(),
            Evidence::observed(location, &p.rule, why.clone()),
            "a signing job on a hosted label that the outside workflow itself names",
        )
        .with(calls()),
        Separation::CompiledBuilder => {
            failed("the builder is compiled in the run from any ref, and no verifier accepts its identity".to_owned())
        }
    }
}

fn parameters(target: &Linked<'_>, p: &Provenance, reaching: &[Reaching]) -> Verdict {
    let requirement = Requirement::CompleteParameters;
    let lost: Vec<_> = reaching
        .iter()
        .filter(|(symbol, _)| if symbol.starts_with("vars.") { !p.records_vars } else { !p.records_inputs })
        .collect();
    match lost.split_first() {
        Some(((symbol, location), rest)) => Verdict::failed(
            requirement,
            format!("the external parameter `{symbol}` reaches the build, and {} does not record it", p.what),
            Evidence::observed(location, "external-parameter", format!("`{symbol}` reaches the build")),
        )
        .with(
            rest.iter().map(|(s, l)| Evidence::observed(l, "external-parameter", format!("`{s}` reaches the build"))),
        ),
        None if super::unknown_build(target).is_some() => unseen_parameters(target),
        None if reaching.is_empty() => Verdict::met(
            requirement,
            "no external parameter reaches the build",
            Evidence::observed(&build_location(target), "external-parameter", "the build steps name none"),
        ),
        None => Verdict::met(
            requirement,
            format!("{} records every external parameter that reaches the build", p.what),
            Evidence::documented(&p.location, &p.rule, "parameters are recorded"),
        ),
    }
}

/// Nothing shows the build, so nothing shows what reaches it.
fn unseen_parameters(target: &Linked<'_>) -> Verdict {
    let unknown = super::unknown_build(target).unwrap_or_else(|| published(target));
    let reason = format!("{}, and nothing shows which parameters reach the build", unknown.note);
    Verdict::unshown(Requirement::CompleteParameters, reason, unknown, super::TO_SHOW_BUILD)
}

fn parameters_without(target: &Linked<'_>, first: &Evidence, reaching: &[Reaching]) -> Verdict {
    let requirement = Requirement::CompleteParameters;
    match reaching.first() {
        None if super::unknown_build(target).is_some() => unseen_parameters(target),
        None if target.opaque.is_none() => Verdict::met(
            requirement,
            "no external parameter reaches the build",
            Evidence::observed(&build_location(target), "external-parameter", "the build steps name none"),
        ),
        None => Verdict::unshown(
            requirement,
            "the build is not visible, nor are the parameters that reach it",
            first.clone(),
            "provenance that records every external parameter",
        ),
        Some((symbol, location)) => Verdict::unshown(
            requirement,
            format!("the external parameter `{symbol}` reaches the build, and no provenance records it"),
            Evidence::observed(location, "external-parameter", format!("`{symbol}` reaches the build")),
            "provenance that records dispatch inputs and `vars`, such as the SLSA generic generator's",
        ),
    }
}

/// A place that stands for the build: its first job, or the publishing step.
pub(super) fn build_location(target: &Linked<'_>) -> crate::model::Location {
    target.build_jobs().next().map_or_else(|| target.publish.location.clone(), |(_, j)| j.location.clone())
}
