//! What Terraform shows about runners, and what only looks like it.

use super::read::{axes, pools, read, why};

fn tf(text: &str) -> Vec<String> {
    read(&[("infra/main.tf", text)])
}

#[test]
fn the_aws_module_keeps_its_machines_unless_told_otherwise() {
    let module = |more: &str| {
        tf(&format!("module \"runners\" {{\n  source = \"github-aws-runners/github-runner/aws\"\n  {more}\n}}\n"))
    };
    assert_eq!(module(""), ["terraform-aws-runners: met failed unshown"]);
    assert_eq!(module("enable_ephemeral_runners = true"), ["terraform-aws-runners: met met met"]);
    assert_eq!(module("enable_ephemeral_runners = false"), ["terraform-aws-runners: met failed unshown"]);
    // A comment and a name are nothing.
    assert_eq!(
        module("# enable_ephemeral_runners = true\n  prefix = \"ephemeral\"\n  enable_jit_config = true"),
        ["terraform-aws-runners: met failed unshown"]
    );
    assert_eq!(module("enable_ephemeral_runners = var.fresh"), ["terraform-aws-runners: met unshown unshown"]);
}

#[test]
fn a_local_counts_and_the_default_of_a_variable_does_not() {
    let module = "module \"runners\" {\n  source = \"philips-labs/github-runner/aws\"\n  enable_ephemeral_runners = ";
    let local = format!("locals {{\n  fresh = true\n}}\n{module} local.fresh\n}}\n");
    assert_eq!(tf(&local), ["terraform-aws-runners: met met met"]);
    let variable = format!("variable \"fresh\" {{\n  default = true\n}}\n{module} var.fresh\n}}\n");
    assert_eq!(tf(&variable), ["terraform-aws-runners: met unshown unshown"]);
    let set = [("infra/main.tf", variable.as_str()), ("infra/terraform.tfvars", "fresh = false\n")];
    assert_eq!(read(&set), ["terraform-aws-runners: met failed unshown"]);
}

#[test]
fn every_entry_of_a_multi_runner_is_a_pool_of_its_own() {
    let text = r#"
module "multi" {
  source = "github-aws-runners/github-runner/aws//modules/multi-runner"
  multi_runner_config = {
    "fresh" = {
      matcherConfig = { labelMatchers = [["self-hosted", "linux", "x64", "fresh"]], exactMatch = true }
      runner_config = { runner_os = "linux", runner_architecture = "x64", enable_ephemeral_runners = true }
    }
    "kept" = {
      matcherConfig = { labelMatchers = [["self-hosted", "linux", "arm64", "kept"]] }
      runner_config = { runner_os = "linux", runner_architecture = "arm64" }
    }
  }
}
"#;
    let pools = pools(&[("main.tf", text)]);
    let shown: Vec<(Vec<String>, String)> = pools.iter().map(|p| (p.labels.clone(), axes(p))).collect();
    let labels = |list: &[&str]| list.iter().map(|l| (*l).to_owned()).collect::<Vec<_>>();
    assert_eq!(
        shown,
        [
            (labels(&["self-hosted", "linux", "x64", "fresh"]), "met met met".to_owned()),
            (labels(&["self-hosted", "linux", "arm64", "kept"]), "met failed unshown".to_owned()),
        ]
    );
}

#[test]
fn templates_of_a_multi_runner_are_read() {
    let text = "matcherConfig:\n  labelMatchers:\n    - [self-hosted, linux, x64, big]\nrunner_config:\n  vpc_id: ${vpc_id}\n  enable_ephemeral_runners: true\n";
    assert_eq!(read(&[("templates/big.yaml", text)]), ["terraform-aws-runners: met met met"]);
    let commented = text.replace("  enable_eph", "  # enable_eph");
    assert_eq!(read(&[("templates/big.yaml", &commented)]), ["terraform-aws-runners: met failed unshown"]);
}

#[test]
fn user_data_of_ones_own_has_to_end_the_machine() {
    let module = "module \"runners\" {\n  source = \"github-aws-runners/github-runner/aws\"\n  enable_ephemeral_runners = true\n  userdata_template = \"${path.module}/user-data.sh\"\n}\n";
    let with = |script: &str| read(&[("infra/main.tf", module), ("infra/user-data.sh", script)]);
    assert_eq!(with("#!/bin/bash\n${install_runner}\n${start_runner}\n"), ["terraform-aws-runners: met met met"]);
    assert_eq!(with("#!/bin/bash\n# ${start_runner}\n./run.sh\n"), ["terraform-aws-runners: met unshown unshown"]);
    assert_eq!(read(&[("infra/main.tf", module)]), ["terraform-aws-runners: met unshown unshown"]);
}

const VM: &str = r#"
resource "aws_instance" "runner" {
  ami                                  = "ami-1"
  instance_initiated_shutdown_behavior = "BEHAVIOUR"
  user_data = <<-EOF
    #!/bin/bash
    ./config.sh --url https://github.com/acme/widget --token ${var.token} --labels builder FLAGS
    COMMANDS
  EOF
}
"#;

fn vm(behaviour: &str, flags: &str, commands: &str) -> Vec<String> {
    tf(&VM.replace("BEHAVIOUR", behaviour).replace("FLAGS", flags).replace("COMMANDS", commands))
}

#[test]
fn a_machine_is_fresh_when_the_registration_is_for_one_job_and_the_machine_ends() {
    assert_eq!(vm("terminate", "--ephemeral", "./run.sh && shutdown -h now"), ["terraform-vm: met met met"]);
    // A machine that is only stopped keeps its disk.
    assert_eq!(vm("stop", "--ephemeral", "./run.sh && shutdown -h now"), ["terraform-vm: met unshown unshown"]);
    assert_eq!(vm("terminate", "--ephemeral", "./run.sh"), ["terraform-vm: met unshown unshown"]);
    assert_eq!(vm("terminate", "", "./run.sh && shutdown -h now"), ["terraform-vm: met failed unshown"]);
    assert_eq!(
        vm("terminate", "--ephemeral", "./svc.sh install && ./svc.sh start"),
        ["terraform-vm: met failed unshown"]
    );
    assert_eq!(
        vm("terminate", "--ephemeral", "while true; do\n    ./run.sh\n    done\n    shutdown -h now"),
        ["terraform-vm: met failed unshown"]
    );
    // A comment and an `echo` are no commands.
    assert_eq!(vm("terminate", "# --ephemeral", "./run.sh\n    poweroff"), ["terraform-vm: met failed unshown"]);
    assert_eq!(
        vm("terminate", "--ephemeral", "./run.sh\n    # poweroff\n    echo poweroff"),
        ["terraform-vm: met unshown unshown"]
    );
}

#[test]
fn a_machine_that_asks_for_its_registration_holds_the_credential_for_it() {
    let text = VM
        .replace("BEHAVIOUR", "terminate")
        .replace("FLAGS", "--ephemeral")
        .replace("COMMANDS", "curl -X POST -H \"Authorization: token $PAT\" https://api.github.com/repos/acme/widget/actions/runners/registration-token\n    ./run.sh; poweroff");
    assert_eq!(tf(&text), ["terraform-vm: met met failed"]);
}

#[test]
fn evidence_stands_on_the_line_of_the_script() {
    let text = VM.replace("BEHAVIOUR", "stop").replace("FLAGS", "").replace("COMMANDS", "./run.sh");
    let found = pools(&[("main.tf", &text)]);
    let pool = found.first().expect("a pool");
    assert!(why(&pool.ephemeral).starts_with("main.tf:7 "), "{}", why(&pool.ephemeral));
    assert_eq!(pool.labels, ["self-hosted", "linux", "x64", "builder"]);
    assert_eq!(pool.scope.as_deref(), Some("acme/widget"));
}

#[test]
fn a_machine_that_installs_no_agent_is_no_pool() {
    let text = VM.replace("./config.sh", "echo ./config.sh").replace("COMMANDS", "nginx");
    assert_eq!(tf(&text), Vec::<String>::new());
    assert_eq!(tf("resource \"aws_instance\" \"github-runner\" {\n  ami = \"ami-1\"\n}\n"), Vec::<String>::new());
    // A text that does not parse gives nothing.
    assert_eq!(
        tf("module \"github-runner\" {\n  source = \"github-aws-runners/github-runner/aws\n"),
        Vec::<String>::new()
    );
}

const CODEBUILD: &str = r#"
resource "aws_codebuild_project" "runner" {
  name = "widget"
  environment {
    privileged_mode = true
    FLEET
  }
}
resource "aws_codebuild_webhook" "runner" {
  project_name = aws_codebuild_project.runner.name
  filter_group {
    filter {
      type    = "EVENT"
      pattern = "PATTERN"
    }
  }
}
"#;

#[test]
fn codebuild_destroys_machines_on_demand_and_keeps_those_of_a_fleet() {
    let text = |fleet: &str, pattern: &str| tf(&CODEBUILD.replace("FLEET", fleet).replace("PATTERN", pattern));
    assert_eq!(text("", "WORKFLOW_JOB_QUEUED"), ["codebuild-runner: met met met"]);
    let fleet = "fleet {\n      fleet_arn = aws_codebuild_fleet.big.arn\n    }";
    assert_eq!(text(fleet, "WORKFLOW_JOB_QUEUED"), ["codebuild-runner: met failed unshown"]);
    assert_eq!(text("", "PUSH"), Vec::<String>::new());
}

#[test]
fn codebuild_filters_that_locals_hold_are_seen() {
    let dynamic = r#"  dynamic "filter_group" {
    for_each = local.all_filter_groups
    content {
      dynamic "filter" {
        for_each = filter_group.value
        content {
          type    = filter.value.type
          pattern = filter.value.pattern
        }
      }
    }
  }
}
locals {
  own_filter_groups = [[{ type = "EVENT", pattern = "PATTERN" }]]
  all_filter_groups = concat(local.own_filter_groups, var.more)
}
"#;
    let (head, _) = CODEBUILD.split_once("  filter_group {").expect("the project has a filter");
    let text = |pattern: &str| tf(&format!("{head}{dynamic}").replace("FLEET", "").replace("PATTERN", pattern));
    assert_eq!(text("WORKFLOW_JOB_QUEUED"), ["codebuild-runner: met met met"]);
    assert_eq!(text("PUSH"), Vec::<String>::new());
}

const APP_JOB: &str = r#"
resource "azurerm_container_app_job" "runner" {
  name = "runner"
  event_trigger_config {
    scale {
      rules {
        name             = "github"
        custom_rule_type = "github-runner"
        metadata         = { owner = "acme", repos = "widget" }
      }
    }
  }
  template {
    container {
      image = "myoung34/github-runner:latest"
      ENV
    }
  }
}
"#;

#[test]
fn a_container_app_job_needs_an_agent_for_one_build_and_no_lasting_credential() {
    let env = |lines: &[(&str, &str)]| {
        let blocks = lines.iter().map(|(n, v)| format!("env {{\n name = \"{n}\"\n value = \"{v}\"\n }}\n"));
        tf(&APP_JOB.replace("ENV", &blocks.collect::<String>()))
    };
    assert_eq!(env(&[("EPHEMERAL", "1")]), ["azure-container-app-job: met met met"]);
    // In this image the variable is on as soon as it is not empty.
    assert_eq!(env(&[("EPHEMERAL", "false")]), ["azure-container-app-job: met met met"]);
    assert_eq!(env(&[("EPHEMERAL", "")]), ["azure-container-app-job: met failed unshown"]);
    // A key that the image never reads.
    assert_eq!(env(&[("RUNNER_EPHEMERAL", "true")]), ["azure-container-app-job: met failed unshown"]);
    assert_eq!(env(&[("EPHEMERAL", "1"), ("ACCESS_TOKEN", "x")]), ["azure-container-app-job: met met failed"]);
    let app = APP_JOB.replace("_job", "").replace("ENV", "env {\n name = \"EPHEMERAL\"\n value = \"1\"\n }\n");
    let app =
        app.replace("event_trigger_config {\n    scale {\n      rules {", "custom_scale_rule {\n dummy {\n dummy {");
    assert_eq!(tf(&app), ["azure-container-app: met unshown unshown"]);
}

#[test]
fn a_scale_set_of_a_chart_is_judged_by_its_values() {
    let release = |values: &str| {
        tf(&format!(
            "resource \"helm_release\" \"runners\" {{\n  name = \"widget-pool\"\n  chart = \"gha-runner-scale-set\"\n  repository = \"oci://ghcr.io/actions/actions-runner-controller-charts\"\n  {values}\n}}\n"
        ))
    };
    assert_eq!(release(""), ["terraform-arc-scale-set: met met met"]);
    assert_eq!(
        release("set {\n    name = \"containerMode.type\"\n    value = \"dind\"\n  }"),
        ["terraform-arc-scale-set: met met failed"]
    );
    assert_eq!(
        release("values = [yamlencode({ containerMode = { type = \"kubernetes\" } })]"),
        ["terraform-arc-scale-set: met met failed"]
    );
    assert_eq!(
        release(
            "values = [<<-EOT\n    template:\n      spec:\n        # hostNetwork: true\n        containers:\n          - name: runner\n            securityContext:\n              privileged: true\n  EOT\n  ]"
        ),
        ["terraform-arc-scale-set: met met failed"]
    );
    assert_eq!(
        release("values = [<<-EOT\n    # containerMode:\n    #   type: dind\n    minRunners: 1\n  EOT\n  ]"),
        ["terraform-arc-scale-set: met met met"]
    );
    assert_eq!(release("values = var.values"), ["terraform-arc-scale-set: met unshown unshown"]);
    assert_eq!(release("reuse_values = true"), ["terraform-arc-scale-set: met unshown unshown"]);
    assert_eq!(release("reuse_values = false"), ["terraform-arc-scale-set: met met met"]);
    assert_eq!(
        release("postrender {\n    binary_path = \"./patch.sh\"\n  }"),
        ["terraform-arc-scale-set: met unshown unshown"]
    );
}

#[test]
fn the_cattle_ops_module_is_bad_unless_told_otherwise() {
    let module =
        |more: &str| tf(&format!("module \"r\" {{\n  source = \"cattle-ops/gitlab-runner/aws\"\n  {more}\n}}\n"));
    assert_eq!(module(""), ["gitlab-runner-cattle-ops: met failed failed"]);
    assert_eq!(
        module(
            "runner_worker = { type = \"docker-autoscaler\" }\n  runner_worker_docker_autoscaler = { max_use_count = 1 }"
        ),
        ["gitlab-runner-cattle-ops: met met met"]
    );
    assert_eq!(
        module(
            "runner_worker = { type = \"docker-autoscaler\" }\n  runner_worker_docker_autoscaler = { plugin_version = \"1\" }"
        ),
        ["gitlab-runner-cattle-ops: met failed failed"]
    );
    assert_eq!(
        module("runner_worker_docker_machine_instance = { destroy_after_max_builds = 1 }"),
        ["gitlab-runner-cattle-ops: met met met"]
    );
}

#[test]
fn an_elastic_pool_keeps_its_machines_and_a_managed_pool_does_not() {
    let elastic =
        |more: &str| tf(&format!("resource \"azuredevops_elastic_pool\" \"p\" {{\n  name = \"p\"\n  {more}\n}}\n"));
    assert_eq!(elastic(""), ["azure-pipelines-elastic-pool: met failed unshown"]);
    assert_eq!(elastic("recycle_after_each_use = true"), ["azure-pipelines-elastic-pool: met met met"]);
    let managed =
        |more: &str| tf(&format!("resource \"azurerm_managed_devops_pool\" \"p\" {{\n  name = \"p\"\n  {more}\n}}\n"));
    assert_eq!(managed(""), ["azure-pipelines-managed-pool: met met met"]);
    assert_eq!(
        managed("stateful_agent {\n    maximum_agent_lifetime = \"7.00:00:00\"\n  }"),
        ["azure-pipelines-managed-pool: met failed unshown"]
    );
}

#[test]
fn a_buildkite_stack_keeps_its_machines_unless_told_otherwise() {
    let stack = |more: &str| {
        tf(&format!(
            "resource \"aws_cloudformation_stack\" \"bk\" {{\n  template_url = \"https://s3.amazonaws.com/buildkite-aws-stack/latest/aws-stack.yml\"\n  parameters = {{\n    BuildkiteQueue = \"release\"\n    {more}\n  }}\n}}\n"
        ))
    };
    assert_eq!(stack(""), ["buildkite-elastic-stack: met failed unshown"]);
    assert_eq!(stack("BuildkiteTerminateInstanceAfterJob = \"true\""), ["buildkite-elastic-stack: met met met"]);
    assert_eq!(
        stack("BuildkiteTerminateInstanceAfterJob = true\n AgentsPerInstance = 4"),
        ["buildkite-elastic-stack: met failed failed"]
    );
}

#[test]
fn an_agent_on_fargate_is_replaced_with_its_task() {
    let task = |env: &str, volume: &str| {
        tf(&format!(
            "resource \"aws_ecs_task_definition\" \"runner\" {{\n  family = \"gh-runner\"\n  requires_compatibilities = [\"FARGATE\"]\n  container_definitions = jsonencode([{{ name = \"r\", image = \"myoung34/github-runner:latest\", environment = [{env}] }}])\n  {volume}\n}}\n"
        ))
    };
    assert_eq!(task("{ name = \"EPHEMERAL\", value = \"1\" }", ""), ["ecs-task: met met met"]);
    assert_eq!(task("", ""), ["ecs-task: met failed unshown"]);
    assert_eq!(
        task(
            "{ name = \"EPHEMERAL\", value = \"1\" }",
            "volume {\n    name = \"w\"\n    efs_volume_configuration {\n      file_system_id = \"fs\"\n    }\n  }"
        ),
        ["ecs-task: met failed failed"]
    );
}

#[test]
fn googles_machines_are_kept() {
    let module = "module \"m\" {\n  source = \"terraform-google-modules/github-actions-runners/google//modules/gh-runner-mig-vm\"\n  gh_token = var.t\n}\n";
    assert_eq!(tf(module), ["terraform-google-runner-mig: met failed failed"]);
}
