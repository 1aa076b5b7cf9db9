//! The first inputs of every fuzz target, made from `fixtures/`.

use std::collections::BTreeSet;
use std::path::Path;

use truelevel::checkout::Checkout;
use truelevel::syntax::yaml::{self, Node};

use crate::bodies::SEPARATOR;

/// A fixture as the files of a checkout.
type Files = Vec<(String, Vec<u8>)>;

/// Files of a checkout as one input: path, text, path, text.
fn pack(files: &[(String, Vec<u8>)]) -> Vec<u8> {
    let parts = files.iter().flat_map(|(path, text)| [path.as_bytes(), text.as_slice()]);
    parts.collect::<Vec<_>>().join(&SEPARATOR)
}

/// Files of a `.git`.
const GIT: &[&[(&str, &str)]] = &[
    &[
        (
            "config",
            "[core]\n\tbare = false\n[remote \"origin\"]\n\turl = https://user:word@github.com/Acme/widget.git ; x\n\tfetch = +refs/heads/*:refs/remotes/origin/*\n[remote \"fork\"] url = \"git@github.com:x/y\"\n",
        ),
        ("HEAD", "ref: refs/heads/main\n"),
        (
            "packed-refs",
            "# pack-refs with: peeled fully-peeled sorted \n00aa00aa00aa00aa00aa00aa00aa00aa00aa00aa refs/heads/main\n^11bb11bb11bb11bb11bb11bb11bb11bb11bb11bb\n",
        ),
    ],
    &[
        ("config", "[include]\n\tpath = ../x\n[REMOTE \"up\\\"x\"]\n\tURL = ssh://git@[::1]:22/group/\\\n\tsub/name\n"),
        ("HEAD", "ref: refs/heads/main\n"),
        ("refs/heads/main", "ref: refs/heads/other\n"),
        ("refs/heads/other", "00aa00aa00aa00aa00aa00aa00aa00aa00aa00aa00aa00aa00aa00aa00aa00aa\n"),
    ],
];

/// Files that the fixtures have too few of, for the followers.
const FOLLOWED: &[(&str, &str)] = &[
    (
        "Makefile",
        "include more.mk\nX := $(shell echo a) $(foreach v,a b,$(v)x)\ndefine R\nall: $(1)\nendef\n$(eval $(call R,b))\nrelease: b\n\t@echo $(VERSION) $@ $<\n\tnpm publish\nifeq ($(X),a)\nb: ; ./release.sh\nelse\nb:\n\t$(MAKE) -C x all\nendif\n",
    ),
    (
        "package.json",
        "{\"name\": \"x\", \"scripts\": {\"prerelease\": \"make\", \"release\": \"npm publish && run-s a b\", \"a\": \"turbo run b\"}, \"release\": {\"plugins\": [[\"@semantic-release/exec\", {\"publishCmd\": \"./release.sh ${nextRelease.version}\"}]]}}",
    ),
    (
        "Taskfile.yml",
        "version: 3\nvars: { X: 1 }\ntasks:\n  release:\n    deps: [a]\n    dir: x\n    cmds:\n      - npm publish {{.X}}\n      - task: a\n        vars: { Y: 2 }\n      - for: [a, b]\n        cmd: echo {{.ITEM}}\n  a: echo\n",
    ),
    (
        "justfile",
        "x := `echo a`\ndefault: release\nrelease version='1': build && after\n  npm publish {{version}}\nbuild:\n  #!/bin/bash\n  make\n[linux]\nafter:\n  @echo\n",
    ),
    (
        "tox.ini",
        "[tox]\nenvlist = a\n[testenv:release]\nsetenv =\n  A = b\ncommands =\n  python -m build \\\n    --sdist\n  twine upload {posargs:dist/*}\n",
    ),
    (
        "noxfile.py",
        "import nox\n@nox.session(name='release')\ndef release(session):\n    session.run('twine', 'upload', *FILES)\n",
    ),
    (
        "pyproject.toml",
        "[tool.poe.tasks]\nrelease = [\"a\", { cmd = \"twine upload\" }]\na.shell = \"make\"\n[tool.hatch.envs.default.scripts]\nrelease = [\"hatch publish\"]\n[tool.pdm.scripts]\nrelease = { composite = [\"a\"] }\n",
    ),
    (
        "xtask/src/main.rs",
        "fn main() {}\nfn release() {\n    cmd!(sh, \"cargo publish -p {x}\").run();\n    Command::new(\"gh\").args([\"release\", \"create\"]);\n}\n",
    ),
    ("compose.yaml", "services:\n  a:\n    image: ghcr.io/acme/${X:-a}:${TAG?none}\n    build: .\n"),
    (
        ".goreleaser.yml",
        "release: { disable: '{{ .Env.X }}' }\ndockers:\n  - image_templates: ['ghcr.io/acme/a:{{ .Tag }}']\ndocker_manifests:\n  - name_template: acme/a\nsnapcrafts:\n  - { name: a, publish: true }\nkos:\n  - repository: ghcr.io/acme\n",
    ),
    (
        "release.config.js",
        "module.exports = { plugins: ['@semantic-release/npm', ['@semantic-release/github', { assets: ['dist/*'] }]] }\n",
    ),
    (
        "release.sh",
        "#!/usr/bin/env bash\nset -euo pipefail\nfor f in dist/*; do gh release upload \"$1\" \"$f\"; done\ncase $1 in v*) npm publish ;; *) exit 1 ;; esac\ncat <<EOF > x\n$(date)\nEOF\n",
    ),
    (
        "release.py",
        "import subprocess\nsubprocess.run(['twine', 'upload', f'dist/{x}'], check=True)\nos.system('npm publish')\n",
    ),
    (
        "release.js",
        "const { execSync } = require('child_process')\nexecSync(`npm publish ${tag}`)\nawait $`docker push ${x}`\n",
    ),
    (
        "release.ps1",
        "$ErrorActionPreference = 'Stop'\nforeach ($p in @('a','b')) { & nuget push \"$p.nupkg\" -Source $env:X }\nif ($LASTEXITCODE -ne 0) { throw }\n",
    ),
    (
        "act/action.yml",
        "inputs: { a: { default: x } }\nruns:\n  using: composite\n  steps:\n    - run: npm publish ${{ inputs.a }}\n      shell: bash\n",
    ),
];

/// Scripts for the shells that the fixtures seldom use.
const POWERSHELL: &str = "param([string]$Tag = 'v1')\nfunction Push-It($x) { docker push \"ghcr.io/acme/$x\" }\nif ($env:REF -match '^refs/tags/' -and -not $dry) {\n  Push-It $Tag\n} elseif (Test-Path x) { npm publish | Out-Null }\n@'\nhere\n'@ | Out-File x\nswitch ($a) { 'b' { c } default { d } }\n\"a=$b\" >> $env:GITHUB_OUTPUT\n";
const BATCH: &str = "@echo off\r\nsetlocal enabledelayedexpansion\r\nset X=a b\r\nif \"%X%\"==\"a\" (\r\n  npm publish && echo %X:~0,1%\r\n) else call :sub %1\r\nfor %%f in (*.nupkg) do nuget push %%f\r\ngoto :eof\r\n:sub\r\nexit /b %ERRORLEVEL%\r\n";
const EXPRESSIONS: &[&str] = &[
    "github.event_name == 'push' && startsWith(github.ref, 'refs/tags/') || !cancelled()",
    "fromJSON('[\"a\", {\"b\": [1, 2.5e3, null]}]')[1].b[0]",
    "format('{0}-{1}', matrix.os, join(github.event.*.name, ','))",
    "contains(fromJSON(needs.a.outputs['x']), inputs.y) && 'a''b' || toJSON(github)",
    "hashFiles('**/x') != '' && (1 < 0xff) && case(true, 1, 2)",
];

/// The inputs of a target.
pub(crate) fn of(target: &str, fixtures: &Path) -> Vec<Vec<u8>> {
    let all = checkouts(fixtures);
    let files = |fits: &dyn Fn(&str) -> bool| -> Vec<Vec<u8>> {
        all.iter().flatten().filter(|(path, _)| fits(path)).map(|(_, text)| text.clone()).collect()
    };
    let prefixed = |byte: u8, ending: &[&str]| -> Vec<Vec<u8>> {
        files(&|path| ending.iter().any(|e| path.ends_with(e)))
            .into_iter()
            .map(|t| [&[byte][..], &t].concat())
            .collect()
    };
    let yaml = |path: &str| path.ends_with(".yml") || path.ends_with(".yaml");
    let followed = |fits: &dyn Fn(&str) -> bool| -> Vec<Vec<u8>> {
        FOLLOWED.iter().filter(|(path, _)| fits(path)).map(|(_, text)| text.as_bytes().to_vec()).collect()
    };
    let found = match target {
        "yaml" => files(&yaml),
        "shell" => [scripts(&all), followed(&|p| p.ends_with(".sh"))].concat(),
        "powershell" => [vec![POWERSHELL.as_bytes().to_vec()], followed(&|p| p.ends_with(".ps1"))].concat(),
        "batch" => vec![BATCH.as_bytes().to_vec()],
        "makefile" => [files(&|p| p.ends_with("Makefile")), followed(&|p| p == "Makefile")].concat(),
        "literals" => followed(&|p| [".py", ".js", ".rs"].iter().any(|e| p.ends_with(e))),
        "conf" => [
            prefixed(0, &[".tf", ".hcl", ".nomad", ".tofu"]),
            prefixed(1, &[".bicep"]),
            prefixed(2, &[".toml"]),
            prefixed(3, &[".json"]),
        ]
        .concat(),
        "git" => {
            let owned = |(path, text): &(&str, &str)| ((*path).to_owned(), text.as_bytes().to_vec());
            GIT.iter().map(|files| pack(&files.iter().map(owned).collect::<Files>())).collect()
        }
        "expressions" => EXPRESSIONS.iter().map(|text| text.as_bytes().to_vec()).collect(),
        "follow" => {
            let owned = |(path, text): &(&str, &str)| ((*path).to_owned(), text.as_bytes().to_vec());
            let single = FOLLOWED.iter().map(|file| pack(&[owned(file)]));
            single.chain([pack(&FOLLOWED.iter().map(owned).collect::<Files>())]).collect()
        }
        "runners" => all
            .iter()
            .map(|files| files.iter().filter(|(path, _)| !path.starts_with(".github/")).cloned().collect::<Files>())
            .filter(|files| !files.is_empty())
            .map(|files| pack(&files))
            .collect(),
        "workflow" => files(&|path| path.starts_with(".github/workflows/")),
        "check" => all.iter().map(|files| pack(files)).collect(),
        _ => Vec::new(),
    };
    // The same text many times over teaches nothing.
    let mut seen = BTreeSet::new();
    found.into_iter().filter(|text| seen.insert(text.clone())).collect()
}

/// Every fixture, in order.
fn checkouts(fixtures: &Path) -> Vec<Files> {
    let Ok(entries) = std::fs::read_dir(fixtures) else { return Vec::new() };
    let mut folders: Vec<_> = entries.flatten().map(|entry| entry.path()).filter(|path| path.is_dir()).collect();
    folders.sort();
    let opened = folders.iter().filter_map(|folder| Checkout::open(folder).ok());
    let files = opened.map(|checkout| {
        let paths = checkout.files().iter().filter(|path| &***path != "expected.yml");
        paths.filter_map(|path| Some((path.to_string(), checkout.read(path).ok()?.as_bytes().to_vec()))).collect()
    });
    files.collect()
}

/// The scripts of all `run:` steps.
fn scripts(all: &[Files]) -> Vec<Vec<u8>> {
    fn collect(node: Node<'_>, found: &mut Vec<Vec<u8>>) {
        for (key, value) in node.entries() {
            match (key.as_str(), value.as_str()) {
                (Some("run"), Some(script)) => found.push(script.as_bytes().to_vec()),
                _ => collect(value, found),
            }
        }
        for item in node.items() {
            collect(item, found);
        }
    }
    let mut found = Vec::new();
    for (path, text) in all.iter().flatten() {
        let Some(text) = std::str::from_utf8(text).ok().filter(|_| path.starts_with(".github/")) else { continue };
        for document in yaml::parse(text).unwrap_or_default() {
            collect(document.root(), &mut found);
        }
    }
    found
}
