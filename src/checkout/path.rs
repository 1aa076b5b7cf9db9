//! Paths as text, before any file is touched.

use super::ReadError;

/// The path from the root with single `/`, without `.` and `..`; empty for the root itself.
pub(super) fn normalise(path: &str) -> Result<String, ReadError> {
    // Drives, streams and the other separator of Windows would escape the rules below.
    let foreign = cfg!(windows) && path.contains(['\\', ':']);
    if path.starts_with('/') || path.contains('\0') || foreign {
        return Err(ReadError::Outside);
    }
    let mut parts = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop().ok_or(ReadError::Outside)?;
            }
            part => parts.push(part),
        }
    }
    Ok(parts.join("/"))
}

/// Whether a normalised path is, or is in, a `.git`. Some file systems do not tell cases apart.
pub(super) fn is_git(path: &str) -> bool {
    path.split('/').any(|part| part.eq_ignore_ascii_case(".git"))
}
