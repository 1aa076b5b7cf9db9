//! PowerShell.
use super::shell::Script;
/// x
pub fn parse(_text: &str) -> Script {
    Script::default()
}
