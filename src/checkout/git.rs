//! The remote and the commit, from the files of `.git`. No git program is run, and no include is followed.

use std::path::{Path, PathBuf};

use super::read;

/// Most bytes of a file in `.git`; `packed-refs` of a large repository has tens of thousands of lines.
const MAX_GIT: u64 = 16 * 1024 * 1024;
/// Most symbolic references on the way from `HEAD` to a commit.
const MAX_HOPS: usize = 5;

/// What `.git` tells.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Repository {
    /// The host of the remote, in lower case.
    pub host: Option<String>,
    /// `owner/name` of the remote, in lower case.
    pub slug: Option<String>,
    /// The commit that is checked out, in hexadecimal.
    pub revision: Option<String>,
}

impl Repository {
    /// What the files of a folder of git tell. `read` gives the text of one by its name there: `config`, `HEAD`,
    /// `packed-refs`, `refs/heads/main`.
    pub fn told_by(read: impl Fn(&str) -> Option<String>) -> Self {
        let (host, slug) = read("config").and_then(|config| remote(&config)).and_then(|url| address(&url)).unzip();
        Self { host, slug, revision: revision(&read) }
    }
}

/// Reads `.git` of a checkout. The root is canonical.
pub(super) fn repository(root: &Path) -> Repository {
    let Some(folder) = folder(root) else { return Repository::default() };
    Repository::told_by(|name| file(root, &folder.join(name)))
}

/// The folder with the files of git. A `.git` that is a file or a link counts only when it stays in the checkout.
fn folder(root: &Path) -> Option<PathBuf> {
    let mut folder = read::inside(root, &root.join(".git")).ok()?;
    if folder.metadata().ok()?.is_file() {
        let text = file(root, &folder)?;
        let target = text.strip_prefix("gitdir:")?.trim();
        folder = read::inside(root, &root.join(target)).ok()?;
    }
    folder.metadata().ok()?.is_dir().then_some(folder)
}

fn file(root: &Path, path: &Path) -> Option<String> {
    let target = read::inside(root, path).ok()?;
    if !target.metadata().ok()?.is_file() {
        return None;
    }
    read::text(read::bytes(&target, MAX_GIT).ok()?).ok()
}

fn revision(read: &impl Fn(&str) -> Option<String>) -> Option<String> {
    let mut name = "HEAD".to_owned();
    for _ in 0..MAX_HOPS {
        let text = match read(&name) {
            Some(text) => text,
            None => {
                let packed = read("packed-refs")?;
                return packed.lines().find_map(|line| {
                    let (commit, reference) = line.split_once(' ')?;
                    (reference.trim() == name).then(|| commit_id(commit)).flatten()
                });
            }
        };
        match text.trim().strip_prefix("ref:") {
            Some(reference) => name = reference_name(reference.trim())?.to_owned(),
            None => return commit_id(text.trim()),
        }
    }
    None
}

/// A name below `refs/` that is a path of plain parts.
fn reference_name(name: &str) -> Option<&str> {
    let plain = name.split('/').all(|part| !matches!(part, "" | "." | ".."));
    (name.starts_with("refs/") && plain && super::path::normalise(name).is_ok()).then_some(name)
}

fn commit_id(text: &str) -> Option<String> {
    let hexadecimal = text.bytes().all(|byte| byte.is_ascii_hexdigit());
    (hexadecimal && matches!(text.len(), 40 | 64)).then(|| text.to_ascii_lowercase())
}

/// The address of the remote `origin`, or else of the only remote.
fn remote(config: &str) -> Option<String> {
    let mut remotes: Vec<(String, String)> = Vec::new();
    let mut section = None;
    // A backslash at the end of a line continues the value on the next.
    let config = config.replace("\\\r\n", "").replace("\\\n", "");
    for line in config.lines() {
        let mut line = line.trim();
        if let Some(header) = line.strip_prefix('[') {
            let (name, rest) = header.split_once(']').unwrap_or((header, ""));
            section = remote_name(name);
            // git allows the first value on the line of the header.
            line = rest.trim();
        }
        let (Some(name), Some((key, value))) = (&section, line.split_once('=')) else { continue };
        if key.trim().eq_ignore_ascii_case("url") && !remotes.iter().any(|(known, _)| known == name) {
            remotes.push((name.clone(), unquote(value)));
        }
    }
    match remotes.iter().position(|(name, _)| name == "origin") {
        Some(origin) => Some(remotes.swap_remove(origin).1),
        None if remotes.len() == 1 => remotes.pop().map(|(_, url)| url),
        None => None,
    }
}

/// The name in `remote "name"`.
fn remote_name(header: &str) -> Option<String> {
    let (section, name) = header.trim().split_once(char::is_whitespace)?;
    let name = name.trim().strip_prefix('"')?.strip_suffix('"')?;
    section.eq_ignore_ascii_case("remote").then(|| name.replace("\\\"", "\"").replace("\\\\", "\\"))
}

/// A value without its quotes and comment.
fn unquote(value: &str) -> String {
    let mut text = String::new();
    let mut quoted = false;
    let mut chars = value.trim().chars();
    while let Some(char) = chars.next() {
        match char {
            '"' => quoted = !quoted,
            '\\' => text.extend(chars.next()),
            '#' | ';' if !quoted => break,
            char => text.push(char),
        }
    }
    text.trim().to_owned()
}

/// Host and `owner/name` in lower case. User names, passwords and ports are dropped.
pub(super) fn address(url: &str) -> Option<(String, String)> {
    let (authority, path) = match url.split_once("://") {
        Some((scheme, rest)) => {
            let scheme = scheme.to_ascii_lowercase();
            if !matches!(&*scheme, "https" | "http" | "ssh" | "git" | "git+ssh" | "ssh+git" | "git+https") {
                return None;
            }
            rest.split_once('/')?
        }
        None => {
            // user@host:path, unless a slash before the colon makes it a local path; and C:\ is a drive.
            let (authority, path) = url.split_once(':')?;
            if authority.contains('/') || authority.len() < 2 || path.contains('\\') {
                return None;
            }
            (authority, path)
        }
    };
    let host = authority.rsplit('@').next()?;
    let host = match host.strip_prefix('[') {
        Some(address) => address.split(']').next()?,
        None => host.split(':').next()?,
    };
    let host = match host.to_ascii_lowercase() {
        // The same service, for networks that close port 22.
        host if matches!(&*host, "ssh.github.com" | "www.github.com") => "github.com".to_owned(),
        host => host,
    };
    let path = path.split(['?', '#']).next()?.trim_matches('/').to_lowercase();
    let path = path.strip_suffix(".git").unwrap_or(&path);
    let parts: Vec<&str> = path.split('/').collect();
    let plain = parts.iter().all(|part| {
        !matches!(*part, "" | "." | "..") && !part.contains(|char: char| char.is_whitespace() || char.is_control())
    });
    let named = host.chars().all(|char| char.is_alphanumeric() || matches!(char, '.' | '-' | '_' | ':'));
    let enough = if host == "github.com" { parts.len() == 2 } else { parts.len() >= 2 };
    (!host.is_empty() && named && plain && enough).then(|| (host, path.to_owned()))
}
