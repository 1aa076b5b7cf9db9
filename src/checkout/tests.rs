use std::fs;

use super::*;

/// A folder with these files; a name that ends in `/` is a folder.
fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = folder.path().join(name);
        if name.ends_with('/') {
            fs::create_dir_all(path).unwrap();
        } else {
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
    }
    folder
}

fn open(folder: &tempfile::TempDir) -> Checkout {
    Checkout::open(folder.path()).unwrap()
}

fn names(checkout: &Checkout) -> Vec<&str> {
    checkout.files().iter().map(|file| &**file).collect()
}

fn problems(checkout: &Checkout) -> Vec<(&str, &str)> {
    checkout.walk_problems().iter().map(|problem| (&*problem.path, &*problem.message)).collect()
}

#[test]
fn only_a_folder_is_opened() {
    let folder = folder(&[("file", "")]);
    let message = |name: &str| Checkout::open(&folder.path().join(name)).unwrap_err().to_string();
    assert!(message("none").starts_with("there is no folder "), "{}", message("none"));
    assert!(message("file").ends_with("file is not a folder"), "{}", message("file"));
    assert!(message("file/below").ends_with("below is not a folder"), "{}", message("file/below"));
}

#[test]
fn files_are_listed_in_order_without_git() {
    let folder = folder(&[
        ("b/c.txt", ""),
        ("b.txt", ""),
        ("b/a/d", ""),
        (".github/workflows/x.yml", ""),
        (".git/config", ""),
        ("sub/.git", "gitdir: ../x"),
        ("sub/e", ""),
        ("empty/", ""),
    ]);
    let checkout = open(&folder);
    assert_eq!(names(&checkout), [".github/workflows/x.yml", "b.txt", "b/a/d", "b/c.txt", "sub/e"]);
    let under = |path| checkout.under(path).map(|file| &**file).collect::<Vec<_>>();
    assert_eq!(under("b"), ["b/a/d", "b/c.txt"]);
    assert_eq!(under("./b/"), ["b/a/d", "b/c.txt"]);
    assert_eq!(under(""), names(&checkout));
    assert!(under("b/c.txt").is_empty());
    assert!(under("..").is_empty());
    assert!(problems(&checkout).is_empty());
}

#[test]
fn texts_are_read_and_kept() {
    let folder = folder(&[("a/b.txt", "text\n")]);
    let checkout = open(&folder);
    let first = checkout.read("a/b.txt").unwrap();
    assert_eq!(&*first, "text\n");
    fs::write(folder.path().join("a/b.txt"), "other").unwrap();
    assert!(Arc::ptr_eq(&first, &checkout.read("./a//x/../b.txt").unwrap()));
    assert!(checkout.exists("a/b.txt"));
    assert!(!checkout.exists("a"));
    assert!(!checkout.exists("a/none"));
    assert_eq!(checkout.read("a"), Err(ReadError::NotAFile));
    assert_eq!(checkout.read(""), Err(ReadError::NotAFile));
    assert_eq!(checkout.read("none"), Err(ReadError::NotFound));
    assert_eq!(checkout.read("a/b.txt/c"), Err(ReadError::NotFound));
}

#[test]
fn no_path_leaves_the_root() {
    let outer = folder(&[("secret", "x"), ("root/a/b", ""), ("root/.git/config", "token")]);
    let checkout = Checkout::open(&outer.path().join("root")).unwrap();
    let absolute = outer.path().join("root/a/b").display().to_string();
    for path in
        ["../secret", "a/../../secret", "..", "/etc/passwd", &absolute, "a\0b", ".git/config", "a/../.GIT/config"]
    {
        assert_eq!(checkout.read(path), Err(ReadError::Outside), "{path}");
        assert!(!checkout.exists(path), "{path}");
    }
}

#[cfg(unix)]
#[test]
fn links_are_followed_inside_the_root_only() {
    use std::os::unix::fs::symlink;
    let outer = folder(&[
        ("secret.yml", "secret"),
        ("outside/s.yml", "secret"),
        ("root/.git/config", "token"),
        ("root/.github/workflows/a.yml", "a"),
        ("root/sub/b.yml", "b"),
    ]);
    let root = outer.path().join("root");
    symlink("../../sub/b.yml", root.join(".github/workflows/in.yml")).unwrap();
    symlink("../../../secret.yml", root.join(".github/workflows/out.yml")).unwrap();
    symlink(outer.path().join("secret.yml"), root.join("sub/absolute.yml")).unwrap();
    symlink("../.git/config", root.join("sub/token")).unwrap();
    symlink("loop", root.join("sub/loop")).unwrap();
    symlink("..", root.join("sub/up")).unwrap();
    symlink("../outside", root.join("away")).unwrap();
    symlink("sub", root.join("folder")).unwrap();
    symlink("nothing", root.join("dangling.yml")).unwrap();
    let checkout = Checkout::open(&root).unwrap();
    assert_eq!(names(&checkout), [".github/workflows/a.yml", ".github/workflows/in.yml", "sub/b.yml"]);
    assert_eq!(&*checkout.read(".github/workflows/in.yml").unwrap(), "b");
    assert_eq!(&*checkout.read("folder/b.yml").unwrap(), "b");
    assert_eq!(&*checkout.read("sub/up/sub/up/sub/b.yml").unwrap(), "b");
    for path in [".github/workflows/out.yml", "sub/absolute.yml", "sub/token", "away/s.yml", "sub/up/.git/config"] {
        assert_eq!(checkout.read(path), Err(ReadError::Outside), "{path}");
        assert!(!checkout.exists(path), "{path}");
    }
    assert!(matches!(checkout.read("sub/loop"), Err(ReadError::Unreadable { .. })));
    let problems = problems(&checkout);
    assert_eq!(
        problems.iter().map(|problem| problem.0).collect::<Vec<_>>(),
        [".github/workflows/out.yml", "dangling.yml"]
    );
    assert!(problems[0].1.starts_with("a symbolic link that was not followed: "), "{problems:?}");
}

#[cfg(unix)]
#[test]
fn a_linked_ci_folder_is_a_problem() {
    let folder = folder(&[("ci/workflows/a.yml", "")]);
    std::os::unix::fs::symlink("ci", folder.path().join(".github")).unwrap();
    let checkout = open(&folder);
    assert_eq!(names(&checkout), ["ci/workflows/a.yml"]);
    assert_eq!(problems(&checkout).len(), 1);
    assert_eq!(problems(&checkout)[0].0, ".github");
}

#[cfg(unix)]
#[test]
fn pipes_and_sockets_are_no_files_and_block_nothing() {
    let folder = folder(&[(".github/workflows/", "")]);
    let special = folder.path().join(".github/workflows/special.yml");
    let piped = std::process::Command::new("mkfifo").arg(&special).status().is_ok_and(|status| status.success());
    let _socket = (!piped).then(|| std::os::unix::net::UnixListener::bind(&special).unwrap());
    if piped {
        // An ignore file that is a pipe would hang the walk.
        let ignore = folder.path().join(".gitignore");
        assert!(std::process::Command::new("mkfifo").arg(ignore).status().unwrap().success());
    }
    std::os::unix::fs::symlink("/dev/zero", folder.path().join(".ignore")).unwrap();
    let checkout = open(&folder);
    assert!(names(&checkout).is_empty());
    assert_eq!(problems(&checkout), [(".github/workflows/special.yml", "this is not a regular file")]);
    assert_eq!(checkout.read(".github/workflows/special.yml"), Err(ReadError::NotAFile));
    assert_eq!(checkout.read(".ignore"), Err(ReadError::Outside));
}

#[cfg(unix)]
#[test]
fn an_unreadable_folder_is_a_problem() {
    use std::os::unix::fs::PermissionsExt;
    let folder = folder(&[("closed/a", ""), ("b", "")]);
    let closed = folder.path().join("closed");
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o000)).unwrap();
    let checkout = open(&folder);
    assert!(checkout.files().iter().any(|file| &**file == "b"));
    // For the superuser no folder is closed.
    if closed.read_dir().is_err() {
        assert_eq!(names(&checkout), ["b"]);
        assert_eq!(problems(&checkout)[0].0, "closed");
        assert!(problems(&checkout)[0].1.starts_with("the folder cannot be read: "));
        assert!(matches!(checkout.read("closed/a"), Err(ReadError::Unreadable { .. })));
    }
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o755)).unwrap();
}

#[cfg(target_os = "linux")]
#[test]
fn names_that_are_not_unicode_are_problems() {
    use std::os::unix::ffi::OsStrExt;
    let folder = folder(&[("a", "")]);
    fs::write(folder.path().join(std::ffi::OsStr::from_bytes(b"\xff.yml")), "").unwrap();
    let checkout = open(&folder);
    assert_eq!(names(&checkout), ["a"]);
    assert_eq!(problems(&checkout), [("\u{fffd}.yml", "the name is not Unicode, so it was not read")]);
}

#[test]
fn a_value_that_is_not_known_names_no_file() {
    let files = [("${{ inputs.script }}", "echo"), ("${{ a }}/b", ""), ("c-${{ d }}.yml", "key"), ("$e", "text")];
    let folder = folder(&files);
    let memory = Checkout::in_memory(files.map(|(name, text)| (name.to_owned(), text.as_bytes().to_vec())), None);
    for checkout in [open(&folder), memory] {
        // Before anything is listed, too.
        assert!(!checkout.exists("${{ inputs.script }}") && !checkout.is_there("./${{ inputs.script }}"));
        assert_eq!(names(&checkout), ["$e", "${{ a }}/b", "${{ inputs.script }}", "c-${{ d }}.yml"]);
        for listed in ["${{ inputs.script }}", "x/../${{ a }}/b", "c-${{ d }}.yml"] {
            assert!(!checkout.exists(listed) && !checkout.is_there(listed), "{listed}");
            assert_eq!(checkout.read(listed), Err(ReadError::Unknown), "{listed}");
        }
        assert_eq!(checkout.unread(Bearing::Release).len(), 3, "what is there and was not read is told");
        assert_eq!(checkout.read("${{ a }}"), Err(ReadError::NotFound));
        assert_eq!(checkout.read("${{ other }}"), Err(ReadError::NotFound));
        assert_eq!(checkout.under("${{ a }}").count(), 0);
        assert!(checkout.below("${{ a }}").is_err());
        assert_eq!(checkout.glance_if("c-${{ d }}.yml", |bytes| bytes == b"key"), Err(ReadError::Unknown));
        assert_eq!(checkout.glance_if("c-${{ d }}.yml", |_| false), Ok(None), "what says nothing is no matter");
        assert_eq!(&*checkout.read("$e").unwrap(), "text");
    }
}

#[test]
fn bytes_that_are_not_text_are_refused_with_their_place() {
    let checkout = Checkout::in_memory(
        [("latin.yml".to_owned(), b"a: b\n\xc3\xa9: \xe9\n".to_vec()), ("cut".to_owned(), b"\xe2\x82".to_vec())],
        None,
    );
    let error = checkout.read("latin.yml").unwrap_err();
    assert_eq!(error, ReadError::NotText { line: 2, column: 4 });
    assert_eq!(error.position(), Some((2, 4)));
    assert_eq!(error.to_string(), "the file is not UTF-8 text from line 2, column 4 on");
    assert_eq!(checkout.read("cut").unwrap_err().position(), Some((1, 1)));
}

#[test]
fn a_file_above_its_limit_is_refused() {
    let pipeline = "x".repeat(usize::try_from(MAX_PIPELINE).unwrap());
    let files = [
        (".github/a.yml", pipeline.clone()),
        (".github/scripts/b.sh", pipeline.clone()),
        ("c.txt", pipeline[..usize::try_from(MAX_FILE).unwrap()].to_owned()),
        ("d.txt", format!("{}x", &pipeline[..usize::try_from(MAX_FILE).unwrap()])),
        ("e.yaml", format!("{pipeline}x")),
        ("dist/f.cjs", "x".repeat(usize::try_from(MAX_BUNDLE).unwrap())),
        (".github/g.js", "x".repeat(usize::try_from(MAX_BUNDLE).unwrap() + 1)),
    ];
    let files: Vec<_> = files.iter().map(|(name, text)| (*name, text.as_str())).collect();
    let folder = folder(&files);
    let memory = files.iter().map(|(name, text)| ((*name).to_owned(), text.as_bytes().to_vec()));
    for checkout in [open(&folder), Checkout::in_memory(memory, None)] {
        for name in [".github/a.yml", ".github/scripts/b.sh", "c.txt", "dist/f.cjs"] {
            assert!(checkout.read(name).is_ok(), "{name}");
        }
        assert_eq!(checkout.read("d.txt"), Err(ReadError::TooLarge { limit: MAX_FILE }));
        assert_eq!(checkout.read("e.yaml"), Err(ReadError::TooLarge { limit: MAX_PIPELINE }));
        assert_eq!(checkout.read(".github/g.js"), Err(ReadError::TooLarge { limit: MAX_BUNDLE }));
    }
}

#[test]
fn ignore_files_hide_build_output() {
    let folder = folder(&[
        (".gitignore", "target/\n*.log\n!keep.log\n/only-here\n"),
        ("target/out.yml", ""),
        ("src/a.log", ""),
        ("src/keep.log", ""),
        ("src/only-here", ""),
        ("lib/.gitignore", "\u{feff}# notes\nb\n!c.log\n"),
        ("lib/b", ""),
        ("lib/c.log", ""),
        ("lib/.ignore", "d\n[\n"),
        ("lib/d", ""),
        ("lib/deep/b", ""),
    ]);
    let checkout = open(&folder);
    let expected = [".gitignore", "lib/.gitignore", "lib/.ignore", "lib/c.log", "src/keep.log", "src/only-here"];
    assert_eq!(names(&checkout), expected);
    // They are still there for who knows their names.
    assert!(checkout.exists("target/out.yml"));
    assert!(checkout.read("lib/d").is_ok());
}

#[test]
fn ignore_files_never_hide_pipelines() {
    let pipelines = [
        ".azuredevops/a.yml",
        ".buildkite/pipeline.yml",
        ".circleci/config.yml",
        ".forgejo/workflows/a.yml",
        ".gitea/workflows/a.yml",
        ".github/workflows/.gitignore",
        ".github/workflows/a.yml",
        ".gitignore",
        ".gitlab-ci.yml",
        ".gitlab/ci/a.yml",
        ".harness/a.yaml",
        ".ignore",
        ".teamcity/settings.kts",
        ".tekton/push.yaml",
        ".woodpecker/a.yaml",
        "Jenkinsfile",
        "azure-pipelines.yml",
        "sub/.woodpecker.yml",
    ];
    let mut files: Vec<_> = pipelines.iter().map(|name| (*name, "*\n")).collect();
    files.retain(|(name, _)| !name.starts_with("sub/"));
    files.extend([("sub/.woodpecker.yml", ""), ("hidden/x", "")]);
    let folder = folder(&files);
    fs::write(folder.path().join(".gitignore"), "*\n!sub\n.*\n").unwrap();
    fs::write(folder.path().join(".ignore"), "*.yml\nhidden\nJenkinsfile\n").unwrap();
    assert_eq!(names(&open(&folder)), pipelines);
}

#[test]
fn ignore_files_above_the_root_and_in_git_have_no_effect() {
    let outer = folder(&[(".gitignore", "*\n"), ("root/.git/info/exclude", "*\n"), ("root/a/b", "")]);
    let checkout = Checkout::open(&outer.path().join("root")).unwrap();
    assert_eq!(names(&checkout), ["a/b"]);
}

#[test]
fn depth_is_limited_and_said() {
    let deep = format!("{}f", "d/".repeat(MAX_DEPTH));
    let deeper = format!("e/{deep}");
    let folder = folder(&[(&deep, ""), (&deeper, "")]);
    let checkout = open(&folder);
    assert_eq!(names(&checkout), [deep.as_str()]);
    assert_eq!(problems(&checkout).len(), 1);
    assert!(problems(&checkout)[0].1.contains("levels deep"));
}

#[test]
fn the_list_is_the_same_for_any_number_of_threads() {
    let files: Vec<String> = (0..400).map(|index| format!("{}/{}/f{index}", index % 7, index % 90)).collect();
    let files: Vec<_> = files.iter().map(|name| (name.as_str(), "")).collect();
    let folder = folder(&files);
    let with = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| open(&folder).files().to_vec())
    };
    assert_eq!(with(1).len(), 400);
    assert_eq!(with(1), with(4));
}

#[test]
fn memory_follows_the_rules_of_a_folder() {
    let files = ["./a//b.yml", "a/x/../c", "../out", "/absolute", ".git/config", "d"];
    let checkout = Checkout::in_memory(files.map(|name| (name.to_owned(), name.as_bytes().to_vec())), Some("Own/Name"));
    assert_eq!(names(&checkout), ["a/b.yml", "a/c", "d"]);
    assert_eq!(
        problems(&checkout).iter().map(|problem| problem.0).collect::<Vec<_>>(),
        ["../out", "/absolute", ".git/config"]
    );
    assert_eq!(&*checkout.read("a/../a/b.yml").unwrap(), "./a//b.yml");
    assert_eq!(checkout.read("a"), Err(ReadError::NotAFile));
    assert_eq!(checkout.read("e"), Err(ReadError::NotFound));
    assert_eq!(checkout.read("../out"), Err(ReadError::Outside));
    assert_eq!(checkout.read(".git/config"), Err(ReadError::Outside));
    assert!(checkout.exists("a/c") && !checkout.exists("a"));
    assert_eq!(checkout.slug(), Some("own/name"));
    assert_eq!((checkout.host(), checkout.revision()), (None, None));
}

#[test]
fn remotes_are_read_in_all_forms() {
    let github = |slug: &str| Some(("github.com".to_owned(), slug.to_owned()));
    let cases = [
        ("https://github.com/Own/Name.git", github("own/name")),
        ("https://github.com/own/name", github("own/name")),
        ("https://github.com/own/name/", github("own/name")),
        ("https://user:ghp_x@github.com/own/na.me.git", github("own/na.me")),
        ("HTTPS://WWW.GitHub.com:443/own/name", github("own/name")),
        ("ssh://git@github.com/own/name.git", github("own/name")),
        ("ssh://git@ssh.github.com:443/own/name.git", github("own/name")),
        ("git://github.com/own/name.git", github("own/name")),
        ("git@github.com:own/name.git", github("own/name")),
        ("git@github.com:/own/name", github("own/name")),
        ("github.com:own/name.git", github("own/name")),
        ("https://github.com/own", None),
        ("https://github.com/own/name/more", None),
        ("https://github.com/own/..", None),
        ("git@gitlab.com:group/sub/name.git", Some(("gitlab.com".to_owned(), "group/sub/name".to_owned()))),
        ("https://[::1]:8080/own/name", Some(("::1".to_owned(), "own/name".to_owned()))),
        ("/srv/git/own/name.git", None),
        ("../own/name", None),
        ("./a:b/c", None),
        ("C:\\own\\name", None),
        ("file:///srv/own/name.git", None),
        ("", None),
    ];
    for (url, expected) in cases {
        assert_eq!(git::address(url), expected, "{url}");
    }
}

#[test]
fn the_remote_is_origin_or_the_only_one() {
    let slug = |config: &str| {
        let folder = folder(&[(".git/config", config)]);
        open(&folder).slug().map(str::to_owned)
    };
    let one =
        "[core]\n\turl = no\n[remote \"upstream\"]\n\tURL = \"https://github.com/up/stream\" ; why\n\tpushurl = x\n";
    assert_eq!(slug(one).as_deref(), Some("up/stream"));
    let two = format!("{one}[Remote \"origin\"] url = git@github.com:or/igin.git # why\n\turl = second\n");
    assert_eq!(slug(&two).as_deref(), Some("or/igin"));
    let other = format!("{one}[remote \"fork\"]\n\turl = https://github.com/\\\nfo/rk\n");
    assert_eq!(slug(&other), None);
    let folded = "[remote \"origin\"]\n\turl = https://github.com/\\\nfo/rk\n";
    assert_eq!(slug(folded).as_deref(), Some("fo/rk"));
    assert_eq!(slug("[include]\n\tpath = ../more\n"), None);
    assert_eq!(slug("[branch \"origin\"]\n\turl = https://github.com/a/b\n"), None);

    let folder = folder(&[(".git/config", "[remote \"origin\"]\nurl=https://github.com/a/b")]);
    assert_eq!(open(&folder).host(), Some("github.com"));
    assert_eq!(open(&folder).with_slug("C/D").slug(), Some("c/d"));
}

const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";

#[test]
fn the_commit_is_read_from_head_and_references() {
    let revision = |files: &[(&str, &str)]| {
        let folder = folder(files);
        open(&folder).revision().map(str::to_owned)
    };
    let upper = format!("{}\n", COMMIT.to_uppercase());
    let line = format!("{COMMIT}\n");
    let packed = format!("# pack-refs with: peeled\n{COMMIT} refs/heads/main\n^{COMMIT}\n{COMMIT} refs/tags/v1\n");
    assert_eq!(revision(&[(".git/HEAD", &upper)]).as_deref(), Some(COMMIT));
    assert_eq!(
        revision(&[(".git/HEAD", "ref: refs/heads/main\n"), (".git/refs/heads/main", &line)]).as_deref(),
        Some(COMMIT)
    );
    assert_eq!(
        revision(&[(".git/HEAD", "ref: refs/heads/main"), (".git/packed-refs", &packed)]).as_deref(),
        Some(COMMIT)
    );
    assert_eq!(revision(&[(".git/HEAD", "ref: refs/heads/other"), (".git/packed-refs", &packed)]), None);
    assert_eq!(revision(&[(".git/HEAD", "ref: refs/../../secret"), ("secret", &line)]), None);
    assert_eq!(revision(&[(".git/HEAD", "ref: HEAD")]), None);
    assert_eq!(revision(&[(".git/HEAD", "ref: refs/a"), (".git/refs/a", "ref: refs/a")]), None);
    assert_eq!(revision(&[(".git/HEAD", "not a commit")]), None);
    assert_eq!(revision(&[("a", "")]), None);
}

#[test]
fn a_git_file_is_not_followed_out_of_the_root() {
    let config = "[remote \"origin\"]\nurl = https://github.com/a/b\n";
    let outer = folder(&[
        ("elsewhere/HEAD", COMMIT),
        ("elsewhere/config", config),
        ("root/.git", "gitdir: ../elsewhere\n"),
        ("own/.git", "gitdir: store\n"),
        ("own/store/HEAD", COMMIT),
        ("own/store/config", config),
    ]);
    let root = Checkout::open(&outer.path().join("root")).unwrap();
    assert_eq!((root.slug(), root.revision()), (None, None));
    let own = Checkout::open(&outer.path().join("own")).unwrap();
    assert_eq!((own.slug(), own.revision()), (Some("a/b"), Some(COMMIT)));
}

#[cfg(unix)]
#[test]
fn a_link_in_git_is_not_followed_out_of_the_root() {
    let outer = folder(&[("elsewhere/HEAD", COMMIT), ("linked/", ""), ("root/.git/", "")]);
    std::os::unix::fs::symlink("../elsewhere", outer.path().join("linked/.git")).unwrap();
    std::os::unix::fs::symlink("../../elsewhere/HEAD", outer.path().join("root/.git/HEAD")).unwrap();
    for name in ["linked", "root"] {
        assert_eq!(Checkout::open(&outer.path().join(name)).unwrap().revision(), None, "{name}");
    }
}

#[test]
fn a_checkout_is_shared_between_threads() {
    fn shared<T: Send + Sync>() {}
    shared::<Checkout>();
}
