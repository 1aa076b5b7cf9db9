//! What files besides Terraform show about runners, and what only looks like it.

use super::read::{axes, pools, read, why};

fn one(path: &str, text: &str) -> Vec<String> {
    read(&[(path, text)])
}

#[test]
fn a_gitlab_container_on_a_host_is_not_fresh() {
    let toml = |more: &str| {
        one(
            "config.toml",
            &format!(
                "concurrent = 1\n[[runners]]\n  name = \"r\"\n  executor = \"docker\"\n  [runners.docker]\n    image = \"alpine\"\n    {more}\n"
            ),
        )
    };
    assert_eq!(toml(""), ["gitlab-runner-config: unshown failed unshown"]);
    assert_eq!(toml("privileged = true"), ["gitlab-runner-config: unshown failed failed"]);
    assert_eq!(toml("# privileged = true"), ["gitlab-runner-config: unshown failed unshown"]);
    assert_eq!(
        toml("volumes = [\"/var/run/docker.sock:/var/run/docker.sock\"]"),
        ["gitlab-runner-config: unshown failed failed"]
    );
}

#[test]
fn gitlab_machines_need_one_use_and_one_job_at_a_time() {
    let toml = |more: &str| {
        one(
            "config.toml",
            &format!(
                "[[runners]]\n  executor = \"docker-autoscaler\"\n  [runners.autoscaler]\n    plugin = \"aws\"\n    {more}\n"
            ),
        )
    };
    assert_eq!(toml(""), ["gitlab-runner-config: met failed unshown"]);
    assert_eq!(toml("max_use_count = 0"), ["gitlab-runner-config: met failed unshown"]);
    assert_eq!(toml("max_use_count = 1"), ["gitlab-runner-config: met met met"]);
    assert_eq!(toml("max_use_count = 1\n    capacity_per_instance = 2"), ["gitlab-runner-config: met failed failed"]);
    let machine = |more: &str| {
        one(
            "config.toml",
            &format!(
                "[[runners]]\n  executor = \"docker+machine\"\n  [runners.machine]\n    IdleCount = 1\n    {more}\n"
            ),
        )
    };
    assert_eq!(machine(""), ["gitlab-runner-config: met failed unshown"]);
    assert_eq!(machine("MaxBuilds = 1"), ["gitlab-runner-config: met met met"]);
}

#[test]
fn the_gitlab_chart_holds_toml_and_no_executor() {
    let values = |more: &str| {
        one(
            "values.yaml",
            &format!(
                "gitlabUrl: https://gitlab.com/\nrunners:\n  tags: \"k8s\"\n  config: |\n    [[runners]]\n      [runners.kubernetes]\n        namespace = \"{{{{.Release.Namespace}}}}\"\n{more}"
            ),
        )
    };
    assert_eq!(values(""), ["gitlab-runner-helm: met met met"]);
    assert_eq!(values("        privileged = true\n"), ["gitlab-runner-helm: met met failed"]);
    assert_eq!(values("        # privileged = true\n"), ["gitlab-runner-helm: met met met"]);
    let pvc =
        "        [[runners.kubernetes.volumes.pvc]]\n          name = \"builds\"\n          mount_path = \"/builds\"\n";
    assert_eq!(values(pvc), ["gitlab-runner-helm: met failed failed"]);
    let found = pools(&[(
        "values.yaml",
        "gitlabUrl: x\nrunners:\n  config: |\n    [[runners]]\n      [runners.kubernetes]\n        privileged = true\n",
    )]);
    assert!(why(&found.first().expect("a pool").isolated).starts_with("values.yaml:6 "));
    // A token and an address of other software.
    assert_eq!(one("values.yaml", "gitlabUrl: https://gitlab.com/\nimage: web\n"), Vec::<String>::new());
}

#[test]
fn the_same_word_of_two_jenkins_plugins_means_the_opposite() {
    let casc = |cloud: &str| one("casc.yaml", &format!("jenkins:\n  numExecutors: 0\n  clouds:\n{cloud}"));
    let kubernetes =
        "    - kubernetes:\n        name: k\n        templates:\n          - name: t\n            label: build\n";
    assert_eq!(casc(kubernetes), ["jenkins-kubernetes: met met met"]);
    assert_eq!(casc(&format!("{kubernetes}            idleMinutes: 10\n")), ["jenkins-kubernetes: met failed met"]);
    let docker = "    - docker:\n        name: d\n        templates:\n          - labelString: build\n            retentionStrategy:\n              idleMinutes: 10\n";
    assert_eq!(casc(docker), ["jenkins-docker: unshown met unshown"]);
    let ec2 = "    - amazonEC2:\n        templates:\n          - labelString: build\n";
    assert_eq!(casc(ec2), ["jenkins-ec2: met failed unshown"]);
    assert_eq!(casc(&format!("{ec2}            maxTotalUses: -1\n")), ["jenkins-ec2: met failed unshown"]);
    assert_eq!(casc(&format!("{ec2}            maxTotalUses: 1\n")), ["jenkins-ec2: met met met"]);
    assert_eq!(one("casc.yaml", "jenkins:\n  numExecutors: 2\n"), ["jenkins-controller: unshown failed failed"]);
    assert_eq!(one("app.yaml", "service:\n  clouds:\n    - kubernetes: {}\n"), Vec::<String>::new());
}

#[test]
fn an_empty_docker_host_mounts_the_socket_with_gitea_only() {
    let config = |path: &str, host: &str| {
        one(
            path,
            &format!(
                "runner:\n  capacity: 1\n  labels: [\"ubuntu:docker://node\"]\ncontainer:\n  privileged: false\n  {host}\n"
            ),
        )
    };
    assert_eq!(config("act_runner/config.yaml", "docker_host: \"\""), ["gitea-runner: unshown unshown failed"]);
    assert_eq!(config("forgejo/config.yaml", "docker_host: \"\""), ["gitea-runner: unshown unshown unshown"]);
    assert_eq!(config("act_runner/config.yaml", "docker_host: \"-\""), ["gitea-runner: unshown unshown unshown"]);
    assert_eq!(config("forgejo/config.yaml", "docker_host: automount"), ["gitea-runner: unshown unshown failed"]);
    let host = "runner:\n  capacity: 1\n  labels: [\"mac:host\"]\ncontainer:\n  docker_host: \"-\"\n";
    assert_eq!(one("runner.yaml", host), ["gitea-runner: unshown failed failed"]);
}

#[test]
fn circleci_runs_task_after_task_unless_told_otherwise() {
    let machine = |more: &str| one("runner.yaml", &format!("api:\n  auth_token: x\nrunner:\n  name: r\n{more}"));
    assert_eq!(machine(""), ["circleci-machine-runner: unshown failed unshown"]);
    assert_eq!(machine("  mode: single-task\n"), ["circleci-machine-runner: unshown unshown unshown"]);
    assert_eq!(machine("  cleanup_working_directory: true\n"), ["circleci-machine-runner: unshown failed unshown"]);
    let container = |spec: &str| {
        one("values.yaml", &format!("agent:\n  resourceClasses:\n    acme/widget:\n      token: x\n{spec}"))
    };
    assert_eq!(container(""), ["circleci-container-runner: met met met"]);
    assert_eq!(
        container("      spec:\n        containers:\n          - securityContext:\n              privileged: true\n"),
        ["circleci-container-runner: met met failed"]
    );
}

#[test]
fn woodpecker_and_its_relatives_work_on_a_host() {
    let compose = |image: &str, env: &str| {
        one("compose.yaml", &format!("services:\n  agent:\n    image: {image}\n    environment:\n      A: b\n{env}"))
    };
    assert_eq!(compose("woodpeckerci/woodpecker-agent:v3", ""), ["woodpecker-agent: unshown failed unshown"]);
    assert_eq!(
        compose("woodpeckerci/woodpecker-agent:v3", "      WOODPECKER_AGENT_SINGLE_WORKFLOW: \"true\"\n"),
        ["woodpecker-agent: unshown unshown unshown"]
    );
    assert_eq!(
        compose("woodpeckerci/woodpecker-agent:v3", "      WOODPECKER_BACKEND: kubernetes\n"),
        ["woodpecker-agent: unshown met met"]
    );
    assert_eq!(
        compose("jetbrains/teamcity-agent", "      DOCKER_IN_DOCKER: start\n"),
        ["teamcity-agent: unshown failed failed"]
    );
    assert_eq!(compose("drone/drone-runner-docker:1", ""), ["drone-runner: unshown unshown unshown"]);
    assert_eq!(
        compose(
            "docker-public.packages.atlassian.com/sox/atlassian/bitbucket-pipelines-runner",
            "      OAUTH_CLIENT_SECRET: x\n"
        ),
        ["bitbucket-runner: unshown failed unshown"]
    );
    assert_eq!(compose("nginx # woodpecker-agent", ""), Vec::<String>::new());
}

#[test]
fn a_buildkite_agent_takes_job_after_job() {
    let cfg = |more: &str| {
        one(
            "buildkite-agent.cfg",
            &format!("# disconnect-after-job=true\nname=\"a\"\nbuild-path=\"/b\"\nhooks-path=\"/h\"\n{more}"),
        )
    };
    assert_eq!(cfg(""), ["buildkite-agent: unshown failed unshown"]);
    assert_eq!(cfg("disconnect-after-job=true\n"), ["buildkite-agent: unshown unshown unshown"]);
    assert_eq!(cfg("spawn=4\n"), ["buildkite-agent: unshown failed failed"]);
    assert_eq!(one("setup.cfg", "[metadata]\nname = buildkite-agent\n"), Vec::<String>::new());
    let k8s = |more: &str| one("values.yaml", &format!("agentToken: x\nconfig:\n  queue: release\n{more}"));
    assert_eq!(k8s("  prohibit-kubernetes-plugin: true\n"), ["buildkite-agent-stack-k8s: met met met"]);
    assert_eq!(k8s(""), ["buildkite-agent-stack-k8s: met met unshown"]);
}

#[test]
fn bicep_and_arm_describe_the_same_job() {
    let bicep = |kind: &str, env: &str| {
        one(
            "main.bicep",
            &format!(
                "resource job 'Microsoft.App/{kind}@2024-03-01' = {{\n  name: 'runner'\n  properties: {{\n    configuration: {{\n      triggerType: 'Event'\n      eventTriggerConfig: {{\n        scale: {{\n          rules: [\n            {{\n              type: 'github-runner'\n            }}\n          ]\n        }}\n      }}\n    }}\n    template: {{\n      containers: [\n        {{\n          image: 'myoung34/github-runner:latest'\n          env: [\n{env}          ]\n        }}\n      ]\n    }}\n  }}\n}}\n"
            ),
        )
    };
    let fresh = "            { name: 'EPHEMERAL', value: '1' }\n";
    let pat = "            { name: 'ACCESS_TOKEN', secretRef: 'pat' }\n";
    assert_eq!(bicep("jobs", fresh), ["azure-container-app-job: met met met"]);
    assert_eq!(
        bicep("jobs", "            // { name: 'EPHEMERAL', value: '1' }\n"),
        ["azure-container-app-job: met failed unshown"]
    );
    assert_eq!(bicep("jobs", &format!("{fresh}{pat}")), ["azure-container-app-job: met met failed"]);
    assert_eq!(bicep("containerApps", fresh), ["azure-container-app: met unshown unshown"]);
    let arm = r#"{"resources": [{"type": "Microsoft.App/jobs", "name": "runner", "properties": {"configuration": {"triggerType": "Event", "eventTriggerConfig": {"scale": {"rules": [{"type": "github-runner"}]}}}, "template": {"containers": [{"image": "myoung34/github-runner", "env": [{"name": "EPHEMERAL", "value": "true"}]}]}}}]}"#;
    assert_eq!(one("azuredeploy.json", arm), ["azure-container-app-job: met met met"]);
    let pool = |kind: &str| {
        one(
            "pool.bicep",
            &format!(
                "resource p 'Microsoft.DevOpsInfrastructure/pools@2024-10-19' = {{\n  name: 'p'\n  properties: {{\n    agentProfile: {{\n      kind: {kind}\n    }}\n  }}\n}}\n"
            ),
        )
    };
    assert_eq!(pool("'Stateless'"), ["azure-pipelines-managed-pool: met met met"]);
    assert_eq!(pool("'Stateful'"), ["azure-pipelines-managed-pool: met failed unshown"]);
    assert_eq!(pool("kind"), ["azure-pipelines-managed-pool: met unshown unshown"]);
}

#[test]
fn the_azure_command_line_makes_the_same_job() {
    let script = |more: &str| {
        one(
            "setup.sh",
            &format!(
                "#!/bin/bash\naz containerapp job create --name runner \\\n  --trigger-type Event --scale-rule-type github-runner \\\n  --image ghcr.io/acme/runner:1 \\\n  {more}\n"
            ),
        )
    };
    assert_eq!(script("--command ./run.sh --env-vars \"A=b\""), ["azure-container-app-job: met unshown unshown"]);
    assert_eq!(script("--env-vars \"GITHUB_PAT=secretref:pat\""), ["azure-container-app-job: met unshown failed"]);
    assert_eq!(one("setup.sh", "# az containerapp job create --scale-rule-type github-runner\n"), Vec::<String>::new());
}

#[test]
fn cloudformation_is_read_with_its_functions() {
    let project = |more: &str| {
        one(
            "stack.yaml",
            &format!(
                "Resources:\n  Runner:\n    Type: AWS::CodeBuild::Project\n    Properties:\n      Name: widget\n      Environment:\n        ComputeType: BUILD_GENERAL1_SMALL\n{more}      Triggers:\n        Webhook: true\n        FilterGroups:\n          - - Type: EVENT\n              Pattern: WORKFLOW_JOB_QUEUED\n"
            ),
        )
    };
    assert_eq!(project(""), ["codebuild-runner: met met met"]);
    assert_eq!(project("        Fleet:\n          FleetArn: !Ref Fleet\n"), ["codebuild-runner: met failed unshown"]);
    let machine = |behaviour: &str| {
        one(
            "stack.yaml",
            &format!(
                "Resources:\n  Runner:\n    Type: AWS::EC2::Instance\n    Properties:\n      InstanceInitiatedShutdownBehavior: {behaviour}\n      UserData:\n        Fn::Base64: !Sub |\n          #!/bin/bash\n          ./config.sh --url https://github.com/acme/widget --token ${{Token}} --ephemeral\n          ./run.sh\n          shutdown -h now\n"
            ),
        )
    };
    assert_eq!(machine("terminate"), ["cloudformation-vm: met met met"]);
    assert_eq!(machine("stop"), ["cloudformation-vm: met unshown unshown"]);
    let stack = |value: &str| {
        one(
            "bk.yaml",
            &format!(
                "Parameters:\n  Terminate:\n    Type: String\n    Default: 'true'\nResources:\n  Stack:\n    Type: AWS::CloudFormation::Stack\n    Properties:\n      TemplateURL: https://s3.amazonaws.com/buildkite-aws-stack/latest/aws-stack.yml\n      Parameters:\n        BuildkiteQueue: release\n        BuildkiteTerminateInstanceAfterJob: {value}\n"
            ),
        )
    };
    assert_eq!(stack("'true'"), ["buildkite-elastic-stack: met met met"]);
    // The default of a parameter is no value.
    assert_eq!(stack("!Ref Terminate"), ["buildkite-elastic-stack: met unshown unshown"]);
}

#[test]
fn a_nomad_job_of_the_type_batch_ends_with_its_agent() {
    let job = |kind: &str, more: &str| {
        one(
            "runner.nomad",
            &format!(
                "job \"runner\" {{\n  type = \"{kind}\"\n  group \"g\" {{\n    task \"t\" {{\n      driver = \"docker\"\n      config {{\n        image = \"myoung34/github-runner:latest\"\n        {more}\n      }}\n      env {{\n        EPHEMERAL = \"1\"\n        RUNNER_SCOPE = \"repo\"\n      }}\n    }}\n  }}\n}}\n"
            ),
        )
    };
    assert_eq!(job("batch", ""), ["nomad-job: met met met"]);
    assert_eq!(job("service", ""), ["nomad-job: met unshown unshown"]);
    assert_eq!(job("batch", "privileged = true"), ["nomad-job: met met failed"]);
    assert_eq!(job("batch", "volumes = [\"/srv/cache:/cache\"]"), ["nomad-job: met failed failed"]);
}

#[test]
fn a_nixos_runner_stays_on_its_host() {
    let nix = |more: &str| {
        one(
            "host.nix",
            &format!(
                "{{ config, ... }}:\n{{\n  services.github-runners.a = {{\n    enable = true;\n    url = \"https://github.com/acme/widget\";\n    tokenFile = \"/t\";\n    extraLabels = [ \"nix\" ];\n    {more}\n  }};\n}}\n"
            ),
        )
    };
    assert_eq!(nix(""), ["nixos-runner: unshown failed unshown"]);
    assert_eq!(nix("ephemeral = true;"), ["nixos-runner: unshown unshown unshown"]);
    assert_eq!(nix("# ephemeral = true;"), ["nixos-runner: unshown failed unshown"]);
    assert_eq!(nix("ephemeral = false;"), ["nixos-runner: unshown failed unshown"]);
    let set = "{\n  services.github-runners = {\n    a = { url = \"https://github.com/acme\"; ephemeral = true; };\n    b = { url = \"https://github.com/acme\"; };\n  };\n}\n";
    assert_eq!(one("host.nix", set), ["nixos-runner: unshown unshown unshown", "nixos-runner: unshown failed unshown"]);
    let interpolated = "{\n  services.github-runners.${config.networking.hostName} = {\n    enable = true;\n    ephemeral = true;\n    url = \"https://github.com/acme\";\n    extraLabels = [ \"${config.networking.hostName}\" ];\n  };\n  services.github-runners.runner1.serviceOverrides = {\n    Environment = \"PATH=/x\";\n  };\n}\n";
    assert_eq!(one("host.nix", interpolated), ["nixos-runner: unshown unshown unshown"]);
}

#[test]
fn ansible_installs_agents_on_hosts_of_an_inventory() {
    let tasks = |flags: &str, more: &str| {
        one(
            "roles/runner/tasks/main.yml",
            &format!(
                "- name: configure\n  shell:\n    cmd: ./config.sh --unattended --url https://github.com/acme/widget --token {{{{ token }}}} --labels metal {flags}\n{more}"
            ),
        )
    };
    assert_eq!(tasks("", ""), ["ansible-runner: unshown failed unshown"]);
    assert_eq!(tasks("--ephemeral", ""), ["ansible-runner: unshown unshown unshown"]);
    assert_eq!(tasks("--ephemeral", "- command: ./svc.sh install\n"), ["ansible-runner: unshown failed unshown"]);
    let role = "- hosts: all\n  roles:\n    - role: monolithprojects.github_actions_runner\n  vars:\n    runner_labels: [metal]\n";
    let found = pools(&[("site.yml", role)]);
    let pool = found.first().expect("a pool");
    assert_eq!(
        (axes(pool).as_str(), pool.labels.last().map(String::as_str)),
        ("unshown failed unshown", Some("metal"))
    );
}

#[test]
fn an_image_that_is_registered_while_it_is_made_is_shared() {
    let image = |command: &str| {
        one(
            "image.pkr.hcl",
            &format!(
                "build {{\n  sources = [\"x\"]\n  provisioner \"shell\" {{\n    inline = [\"curl -L x\", \"{command}\"]\n  }}\n}}\n"
            ),
        )
    };
    assert_eq!(
        image("./config.sh --url https://github.com/acme/widget --token $T"),
        ["packer-image: unshown failed unshown"]
    );
    assert_eq!(image("./bin/installdependencies.sh"), Vec::<String>::new());
}

#[test]
fn garm_keeps_its_pools_in_a_database() {
    let config = "[jwt_auth]\nsecret = \"x\"\n[[provider]]\nname = \"lxd\"\nprovider_type = \"external\"\n[[github]]\nname = \"g\"\n";
    assert_eq!(one("config.toml", config), ["garm: unshown unshown unshown"]);
    assert_eq!(one("config.toml", "[[provider]]\nname = \"x\"\n"), Vec::<String>::new());
}

#[test]
fn a_provider_of_the_cdk_construct_starts_a_task_for_each_job() {
    let stack = |line: &str| {
        one(
            "lib/runner-stack.ts",
            &format!("import {{ FargateRunnerProvider }} from '@cloudsnorkel/cdk-github-runners';\n{line}\n"),
        )
    };
    let found = pools(&[(
        "lib/runner-stack.ts",
        "import x from '@cloudsnorkel/cdk-github-runners';\nnew FargateRunnerProvider(this, 'f', {\n  labels: ['widget-pool'],\n});\n",
    )]);
    let pool = found.first().expect("a pool");
    assert_eq!((axes(pool).as_str(), pool.labels.last().map(String::as_str)), ("met met met", Some("widget-pool")));
    assert_eq!(stack("new EcsRunnerProvider(this, 'e', { labels: ['x'] });"), ["cdk-runner-provider: met met failed"]);
    assert_eq!(
        stack("new EcsRunnerProvider(this, 'e', { dockerInDocker: false });"),
        ["cdk-runner-provider: met met met"]
    );
    assert_eq!(stack("// new FargateRunnerProvider(this, 'f', {});"), Vec::<String>::new());
}
