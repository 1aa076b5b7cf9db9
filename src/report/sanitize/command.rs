//! Workflow commands of GitHub Actions: `::name property=value,...::message`, one on a line.

use super::terminal;

/// Makes a string fit for the message of a workflow command. A line end of our own between two calls is `%0A`.
pub fn command_message(text: &str) -> String {
    terminal(text).replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// Makes a string fit for the value of a property of a workflow command.
pub fn command_property(text: &str) -> String {
    command_message(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_ends_the_message_the_property_or_the_line() {
        assert_eq!(command_message("50% a\n::error::b"), r"50%25 a\u{a}::error::b");
        assert_eq!(command_message("%0A::error::"), "%250A::error::");
        assert_eq!(command_property("a,line=1::b\r\n"), r"a%2Cline=1%3A%3Ab\u{d}\u{a}");
    }
}
