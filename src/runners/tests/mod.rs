//! Axes of pools on hosts that nothing shows, where `hosted-build` hides the others in a report.

mod other;
mod read;
mod terraform;

use crate::checkout::Checkout;
use crate::model::{RunnerPool, Tri};
use crate::runners::pools_in;

fn pools(files: &[(&str, &str)]) -> Vec<RunnerPool> {
    let files = files.iter().map(|(path, text)| ((*path).to_owned(), text.as_bytes().to_vec()));
    pools_in(&Checkout::in_memory(files, Some("acme/widget")), None)
}

/// Hosted, ephemeral and isolated: `+` met, `-` failed, `?` unshown.
fn axes(pool: &RunnerPool) -> String {
    [&pool.hosted, &pool.ephemeral, &pool.isolated]
        .map(|axis| match axis {
            Tri::Met(_) => '+',
            Tri::Failed(_) => '-',
            Tri::Unshown(..) => '?',
        })
        .iter()
        .collect()
}

fn only(files: &[(&str, &str)]) -> (String, RunnerPool) {
    let mut found = pools(files);
    assert_eq!(found.len(), 1, "{files:?} {found:#?}");
    let pool = found.remove(0);
    (axes(&pool), pool)
}

fn service(rest: &str) -> String {
    format!(
        "services:\n  agent:\n    image: myoung34/github-runner:2.328.0\n    environment:\n      REPO_URL: https://github.com/acme/widget\n      LABELS: Builders,gpu\n{rest}"
    )
}

#[track_caller]
fn compose(rest: &str, wanted: &str) {
    let (got, pool) = only(&[("compose.yaml", &service(rest))]);
    assert_eq!(got, wanted, "{rest}\n{pool:#?}");
}

#[test]
fn a_compose_service_is_judged_by_what_its_image_reads() {
    compose("      EPHEMERAL: '1'\n      RUNNER_TOKEN: t\n", "??+");
    compose("      EPHEMERAL: 'false'\n", "??+");
    compose("      EPHEMERAL: ''\n", "?-+");
    compose("      EPHEMERAL: ${EPHEMERAL}\n", "??+");
    compose("      RUNNER_EPHEMERAL: 'true'\n", "?-+");
    compose("", "?-+");
    compose("      EPHEMERAL: '1'\n      ACCESS_TOKEN: ${PAT}\n", "??-");
    compose("      EPHEMERAL: '1'\n    env_file: .env\n", "???");
}

#[test]
fn files_that_are_laid_over_a_compose_file_count() {
    let base = service("      EPHEMERAL: '1'\n");
    let socket = "services:\n  agent:\n    volumes: ['/var/run/docker.sock:/var/run/docker.sock']\n";
    let other = "services:\n  web:\n    privileged: true\n";
    let of = |files: &[(&str, &str)]| {
        let files: Vec<(&str, &str)> = [("ci/compose.yaml", base.as_str())].iter().chain(files).copied().collect();
        only(&files).0
    };
    assert_eq!(of(&[]), "??+");
    assert_eq!(of(&[("ci/compose.override.yaml", socket)]), "??-");
    assert_eq!(of(&[("ci/compose.override.yaml", other)]), "??+");
    assert_eq!(of(&[("ci/prod.yaml", socket)]), "??+");
    let up = "docker compose -f compose.yaml \\\n  -f prod.yaml up -d\n";
    assert_eq!(of(&[("ci/prod.yaml", socket), ("ci/up.sh", up)]), "??-");
    assert_eq!(of(&[("ci/prod.yaml", other), ("ci/up.sh", up)]), "??+");
    assert_eq!(of(&[("ci/up.sh", up)]), "???");
    let before = "docker compose -f prod.yaml -f compose.yaml up -d\n";
    assert_eq!(of(&[("ci/prod.yaml", other), ("ci/up.sh", before)]), "??+");
}

#[test]
fn what_outlives_or_leaves_a_container_counts_against_it() {
    let one = "      EPHEMERAL: '1'\n";
    compose(&format!("{one}    restart: unless-stopped\n"), "?-+");
    compose(&format!("{one}    restart: 'no'\n"), "??+");
    compose(&format!("{one}    volumes: ['./work:/work']\n"), "?--");
    compose(&format!("{one}    volumes: ['/etc/localtime:/etc/localtime:ro']\n"), "??+");
    compose(&format!("{one}    volumes: ['./secrets:/secrets:ro']\n"), "??-");
    compose(&format!("{one}    volumes: ['/var/run/docker.sock:/var/run/docker.sock']\n"), "??-");
    compose(&format!("{one}    privileged: true\n"), "??-");
    compose(&format!("{one}    network_mode: host\n"), "??-");
    for capability in ["SYS_ADMIN", "CAP_SYS_ADMIN", "sys_ptrace", "BPF", "ALL"] {
        compose(&format!("{one}    cap_add: [{capability}]\n"), "??-");
    }
    compose(&format!("{one}    cap_add: [NET_BIND_SERVICE]\n"), "??+");
    compose(&format!("{one}    security_opt: ['seccomp:unconfined']\n"), "??-");
    compose(&format!("{one}    security_opt: ['no-new-privileges:true']\n"), "??+");
    compose(&format!("{one}      DOCKER_HOST: tcp://dind:2375\n"), "?--");
}

#[test]
fn labels_come_from_the_variables_that_win() {
    let (_, pool) = only(&[("compose.yaml", &service("      RUNNER_LABELS: a, b\n"))]);
    assert_eq!(pool.labels, ["self-hosted", "linux", "x64", "a", "b"]);
    assert_eq!(pool.scope.as_deref(), Some("acme/widget"));
    let (_, pool) = only(&[("compose.yaml", &service("      NO_DEFAULT_LABELS: '1'\n"))]);
    assert_eq!(pool.labels, ["builders", "gpu"]);
    let (_, pool) = only(&[("compose.yaml", &service("      RUNNER_LABELS: ${MINE}\n"))]);
    assert_eq!(pool.labels, ["self-hosted", "linux", "x64"]);
}

#[track_caller]
fn script(text: &str, wanted: &str) {
    let (got, pool) = only(&[("start.sh", text)]);
    assert_eq!(got, wanted, "{text}\n{pool:#?}");
}

#[test]
fn a_script_on_a_host_needs_more_than_a_single_use_registration() {
    let url = "--unattended --url https://github.com/acme/widget --token $T";
    script(&format!("./config.sh {url}\n./run.sh\n"), "?-?");
    script(&format!("./config.sh {url} --ephemeral\n./run.sh\n"), "???");
    script(&format!("# --ephemeral\n./config.sh {url} # --ephemeral\n./run.sh\n"), "?-?");
    script(&format!("echo --ephemeral\n./config.sh {url}\n./run.sh\n"), "?-?");
    script(&format!("./config.sh {url} $EXTRA\n./run.sh\n"), "???");
    script(&format!("[ -n \"$ONE\" ] && E=--ephemeral\n./config.sh {url} $E\n./run.sh\n"), "???");
    script(&format!("while true; do\n  ./config.sh {url} --ephemeral\n  ./run.sh\ndone\n"), "?-?");
    script(&format!("until ./config.sh {url} --ephemeral; do sleep 5; done\n./run.sh\n"), "???");
    script(&format!("./config.sh {url} --ephemeral\n./svc.sh install\n"), "?-?");
    script(&format!("./config.sh {url} --ephemeral\n./run.sh\npoweroff\n"), "???");
    script(
        &format!("./config.sh {url} --ephemeral\n./run.sh\naws ec2 terminate-instances --instance-ids $ID\n"),
        "?+?",
    );
    script("./run.sh --jitconfig \"$JIT\"\n", "???");
    script(&format!("su - runner -c './config.sh {url}'\n./run.sh\n"), "?-?");
    let header = "T=$(curl -X POST -H \"Authorization: Bearer $GITHUB_PAT\" \"$TOKEN_URL\" | jq -r .token)\n";
    script(&format!("{header}./config.sh {url} --ephemeral\n./run.sh\n"), "??-");
    script(&format!("{}./config.sh {url} --ephemeral\n./run.sh\n", header.replace("GITHUB_PAT", "JOB")), "???");
    script(&format!("trap 'cleanup; exit 0' EXIT\n./config.sh {url}\n./run.sh\n"), "?-?");
    let asks = "T=$(curl -H \"Authorization: token $PAT\" https://api.github.com/repos/acme/widget/actions/runners/registration-token)\n";
    script(&format!("{asks}./config.sh {url} --ephemeral\n./run.sh\n"), "??-");
}

#[test]
fn labels_and_scope_of_a_script() {
    let (_, pool) = only(&[(
        "start.sh",
        "./config.sh --url https://github.com/Acme/Widget --token t --labels One,$TWO --runnergroup g\n./run.sh\n",
    )]);
    assert_eq!(pool.labels, ["self-hosted", "linux", "x64", "one"]);
    assert_eq!((pool.scope.as_deref(), pool.group.as_deref()), (Some("acme/widget"), Some("g")));
}

#[test]
fn docker_run_throws_the_container_away_or_keeps_it() {
    let run = |options: &str| {
        format!("docker run {options} -e EPHEMERAL=1 -e RUNNER_TOKEN=t myoung34/github-runner:latest\n")
    };
    script(&run("--rm"), "?++");
    script(&run("-d"), "??+");
    script(&run("-d --restart always"), "?-+");
    script(&run("--rm -v /var/run/docker.sock:/var/run/docker.sock"), "?+-");
    script(&run("--rm --privileged"), "?+-");
    script(&run("--rm -v work:/work"), "?--");
}

#[test]
fn a_unit_restarts_the_agent_or_makes_a_new_container() {
    let unit = |start: &str| format!("[Service]\nExecStart={start}\nRestart=always\n");
    let rm = unit("/usr/bin/docker run --rm -e EPHEMERAL=1 -e RUNNER_TOKEN=t myoung34/github-runner:latest");
    assert_eq!(only(&[("a.service", &rm)]).0, "?++");
    let kept = unit("/usr/bin/docker run -e EPHEMERAL=1 -e RUNNER_TOKEN=t myoung34/github-runner:latest");
    assert_eq!(only(&[("a.service", &kept)]).0, "?-+");
    assert_eq!(only(&[("a.service", &unit("/opt/actions-runner/run.sh"))]).0, "?-?");
    assert!(pools(&[("runner.service", &unit("/opt/app/run-worker"))]).is_empty());
    assert!(pools(&[("runner.service", &unit("/opt/app/run.sh"))]).is_empty());
    // The script that the unit runs is no second pool.
    let own = ("start.sh", "./config.sh --url https://github.com/acme/widget --token t --ephemeral\n./run.sh\n");
    let service =
        "[Service]\nEnvironment=GITHUB_TOKEN=x\nExecStart=/home/x/start.sh\nRestart=always\n# registration-token\n";
    assert_eq!(only(&[("a.service", service), own]).0, "?--");
}

#[test]
fn an_entrypoint_is_part_of_whatever_runs_its_image() {
    let dockerfile = "FROM ubuntu:24.04\nCOPY --chown=1 start.sh /start.sh\nENTRYPOINT [\"/start.sh\"]\n";
    let entry = "./config.sh --url https://github.com/acme/widget --token $T --ephemeral --labels \"${LABELS:-builders}\"\nexec ./run.sh\n";
    let alone = [("agent/Dockerfile", dockerfile), ("agent/start.sh", entry)];
    let (got, pool) = only(&alone);
    assert_eq!((got.as_str(), pool.shape), ("???", "runner-image"));
    let compose =
        "services:\n  agent:\n    build:\n      context: ./agent\n    environment: { LABELS: gpu, RUNNER_TOKEN: t }\n";
    let (got, pool) = only(&[alone[0], alone[1], ("compose.yaml", compose)]);
    assert_eq!(got, "??+");
    assert_eq!(pool.labels, ["self-hosted", "linux", "x64", "gpu"]);
    assert_eq!(pool.files.len(), 2);
}

#[test]
fn a_vendor_configuration_names_machines_and_their_shared_cache() {
    let config = "runners:\n  build:\n    cpu: 4\n    extras: [s3-cache, tmpfs]\n  test:\n    extras: [tmpfs]\n";
    let found = pools(&[(".github/runs-on.yml", config)]);
    let caches: Vec<(&str, usize)> = found.iter().map(|p| (p.name.as_str(), p.caches.len())).collect();
    assert_eq!(caches, [("build", 1), ("test", 0)]);
    assert!(found.iter().all(|p| axes(p) == "???"));
    assert!(pools(&[("config/runs-on.yml", config)]).is_empty());
}

#[test]
fn folders_beside_the_checkout_keep_their_own_paths() {
    let files =
        [("a/start.sh".to_owned(), b"./config.sh --url https://github.com/acme/widget --token t\n./run.sh\n".to_vec())];
    let found = pools_in(&Checkout::in_memory(files, None), Some("../runners/"));
    let Tri::Failed(evidence) = &found[0].ephemeral else { panic!("{found:#?}") };
    assert_eq!(
        (&*found[0].location.path, &*evidence.location.path),
        ("../runners/a/start.sh", "../runners/a/start.sh")
    );
}

#[test]
fn hardening_is_advised_and_decides_nothing() {
    let pod = "apiVersion: batch/v1\nkind: Job\nspec:\n  template:\n    spec:\n      restartPolicy: Never\n      containers:\n        - name: runner\n          image: myoung34/github-runner:1\n          env:\n            - { name: EPHEMERAL, value: y }\n            - { name: RUNNER_TOKEN, value: t }\n";
    let rules = |files: &[(&str, &str)]| {
        let (got, pool) = only(files);
        assert_eq!(got, "+++");
        pool.notes.iter().map(|n| n.rule.clone()).collect::<Vec<_>>()
    };
    let all = ["runner-image", "runner-root", "runner-writable-root", "runner-image-unsigned", "runner-egress"];
    assert_eq!(rules(&[("a.yaml", pod)]), all);
    let hardened = pod
        .replace("runner:1\n", "runner@sha256:aa\n          securityContext: { readOnlyRootFilesystem: true }\n")
        .replace("spec:\n      restart", "spec:\n      securityContext: { runAsNonRoot: true }\n      restart");
    assert!(
        rules(&[("a.yaml", &hardened), ("b.yaml", "kind: NetworkPolicy\n---\nkind: ClusterImagePolicy\n")]).is_empty()
    );
}

#[test]
fn options_of_the_helm_command_count_like_values() {
    let command = |options: &str| {
        format!(
            "helm upgrade --install widget-set --version 0.13.0 \\\n  {options} \\\n  oci://charts.example.com/gha-runner-scale-set\n"
        )
    };
    let url = "--set githubConfigUrl=https://github.com/acme/widget --set maxRunners=4,containerMode.kubernetesModeWorkVolumeClaim=x";
    let (got, pool) = only(&[("a.sh", &command(url))]);
    assert_eq!((got.as_str(), pool.labels), ("+++", vec!["widget-set".to_owned()]));
    let dind = command(&format!("{url} --set containerMode.type=dind --set containerMode.other=1"));
    assert_eq!(only(&[("a.sh", &dind)]).0, "++-");
    let index = command(&format!("{url} --set template.spec.containers[0].command[0]=x"));
    assert_eq!(only(&[("a.sh", &index)]).0, "+??");
    let values = ("values.yaml", "githubConfigUrl: https://github.com/acme/widget\nrunnerScaleSetName: other\n");
    let both = command("-f values.yaml --set containerMode.type=dind");
    let (got, pool) = only(&[values, ("a.sh", &both)]);
    assert_eq!((got.as_str(), pool.labels), ("++-", vec!["other".to_owned()]));
    for (option, wanted) in [
        ("--cleanup-on-fail", "+++"),
        ("--reuse-values=false", "+++"),
        ("--reuse-values", "+??"),
        ("--reset-then-reuse-values", "+??"),
        ("--post-renderer ./patch.sh", "+??"),
    ] {
        let from_file = command(&format!("{option} -f values.yaml"));
        assert_eq!(only(&[values, ("a.sh", &from_file)]).0, wanted, "{option}");
        assert_eq!(only(&[("a.sh", &command(&format!("{option} {url}")))]).0, wanted, "{option}");
    }
    let bare = ("values.yaml", "containerMode:\n  type: dind\n");
    let both = command("-f values.yaml --set githubConfigUrl=https://github.com/acme/widget");
    assert_eq!(only(&[bare, ("a.sh", &both)]).0, "++-");
    assert!(pools(&[("a.sh", &command(&format!("{url} -f missing.yaml")))]).is_empty());
}

#[test]
fn look_alikes_are_no_pools() {
    let compose = "services:\n  runner:\n    image: acme/test-runner:1\n    environment:\n      EPHEMERAL: '1'\n";
    assert!(pools(&[("docker-compose.runner.yml", compose)]).is_empty());
    assert!(
        pools(&[("runner/entrypoint.sh", "#!/bin/sh\n./config.sh --enable-x\n./run.sh server\nexec app\n")]).is_empty()
    );
    assert!(pools(&[("config.sh", "#!/bin/sh\n./config.sh --prefix /usr\nmake\n")]).is_empty());
    assert!(pools(&[(".github/actionlint.yaml", "self-hosted-runner:\n  labels: [actions-runner]\n")]).is_empty());
}

#[test]
fn hostile_texts_are_read_without_a_panic() {
    let texts = [
        "actions.summerwind.dev/v1 {{ {{ {{",
        "apiVersion: actions.summerwind.dev/v1alpha1\nkind: RunnerDeployment\nspec: []\n",
        "apiVersion: actions.github.com/v1alpha1\nkind: AutoscalingRunnerSet\nspec: 4\n",
        "githubConfigUrl: [\n",
        "githubConfigUrl: {{ .x }}\ncontainerMode: {{ toYaml .y }}\n",
        "services: { runner: { image: myoung34/github-runner, environment: [1, {a: b}, null], volumes: [':', {}, 'a:'] } }\n",
        "services: { runner: { image: actions-runner, build: [], env_file: {}, restart: [] } }\n",
        "apiVersion: v1\nkind: List\nitems: [1, {kind: Pod, apiVersion: v1, spec: {containers: [ {} , 3 ]}}]\n# actions-runner\n",
        "#cloud-config\nruncmd: [[], [[]], {a: b}, './config.sh --url']\n",
        "#!/bin/sh\ndocker run -e\ndocker run --rm=\ndocker run -v : myoung34/github-runner\n./config.sh --url\n./run.sh --jitconfig\n",
        "[Service]\nExecStart=\nEnvironment=\nRestart\nExecStart=docker run myoung34/github-runner\n",
        "FROM\nFROM actions-runner\nENTRYPOINT\nCMD [\nCOPY\n",
        "{{/* ü */}}\n{{- if x }} ü\napiVersion: actions.github.com/v1alpha1\nkind: \"{{ ü }}\"\nspec: {a: {{ ü }}}\n",
    ];
    for name in ["a.yaml", "a.sh", "a.service", "Dockerfile", "a.tpl", "gha-runner-scale-set/values.yaml"] {
        for text in texts {
            for cut in (0..text.len()).filter(|at| text.is_char_boundary(*at)) {
                let _ = pools(&[(name, &text[..cut])]);
            }
            let _ = pools(&[(name, text)]);
        }
    }
}
