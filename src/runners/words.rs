//! Words that every shape has: labels, what they are registered for, values that a file does not show.

/// Whether a value stands for something that the file does not show.
pub(super) fn is_open(value: &str) -> bool {
    value.contains('$') || value.contains("{{") || value.contains("<%") || value.contains("%{")
}

/// The repository or organisation that an address of the forge names, in lower case.
pub(super) fn scope_of(url: &str) -> Option<String> {
    if is_open(url) {
        return None;
    }
    let rest = url.trim().trim_end_matches('/');
    let rest = rest.split_once("://").map_or(rest, |(_, rest)| rest.split_once('/').map_or("", |(_, path)| path));
    let rest = rest.trim_end_matches(".git").to_ascii_lowercase();
    // Enterprises hold organisations that the file does not name.
    let known = !rest.is_empty() && !rest.starts_with("enterprises/") && rest.matches('/').count() <= 1;
    known.then_some(rest)
}

/// Labels as a list in one string: those that are shown, in lower case. What stands in `${…}` is one piece, whatever
/// it holds.
pub(super) fn labels_of(list: &str) -> Vec<String> {
    let mut depth = 0_usize;
    let pieces = list.split(|c: char| {
        match c {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        depth == 0 && matches!(c, ',' | ' ' | '\n')
    });
    let shown = pieces.map(|l| l.trim().trim_matches(['"', '\''])).filter(|l| !l.is_empty() && !is_open(l));
    shown.map(str::to_ascii_lowercase).collect()
}

/// The labels that a runner gets unless it is registered without them.
pub(super) fn default_labels(arm: bool) -> Vec<String> {
    ["self-hosted", "linux", if arm { "arm64" } else { "x64" }].map(str::to_owned).to_vec()
}

/// Whether a capability of a container is as good as the whole host: with it the container loads code into the kernel,
/// or reads and changes what runs beside it. Source: <https://man7.org/linux/man-pages/man7/capabilities.7.html>
pub(super) fn is_strong_capability(name: &str) -> bool {
    const STRONG: &[&str] = &["ALL", "SYS_ADMIN", "SYS_MODULE", "SYS_PTRACE", "SYS_RAWIO", "BPF"];
    let name = name.to_ascii_uppercase();
    STRONG.contains(&name.strip_prefix("CAP_").unwrap_or(&name))
}

/// Whether a text is a token of the forge in clear, by how it begins.
/// Source: <https://docs.github.com/en/authentication/keeping-your-account-and-data-secure/about-authentication-to-github>
pub(super) fn is_token(text: &str) -> bool {
    ["ghp_", "github_pat_", "gho_"].iter().any(|prefix| text.starts_with(prefix))
}
