//! Why something of a script was not read.

use std::cmp::Ordering;
use std::fmt;

/// A bound at which reading or following stopped, with what it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Bound {
    /// A text of more bytes.
    Bytes(usize),
    /// A statement that cannot be read, of more lines.
    Statement(usize),
    /// Nesting, of whatever kind.
    Nesting,
    /// Nesting in the index of a variable.
    Index,
    /// Nesting of these.
    Deeper(&'static str, usize),
    /// More of these.
    More(usize, &'static str),
    /// More conditions on what runs, of which the rest is left out.
    Conditions(usize),
    /// A chain of more commands.
    Chain(usize),
    /// A loop over more words.
    Loop(usize),
    /// What a Makefile expands to.
    Expansion,
    /// More of these among what is followed.
    Followed(usize, &'static str),
    /// Nesting of these among what is followed.
    FollowedDeeper(&'static str, usize),
    /// Targets that depend on more others.
    Dependencies(usize),
    /// Bake targets that inherit from one another more often.
    Inheritance(usize),
    /// A lane of more lines.
    Lane(usize),
    /// One line of more bytes, in this file.
    Line(usize, String),
    /// A file that a job writes too much into.
    Written(String),
    /// Hops from a step.
    Hops(usize),
    /// Scripts and text of one step.
    Scripts,
}

impl fmt::Display for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Bound::Bytes(most) => write!(f, "longer than {most} bytes"),
            Bound::Statement(most) => write!(f, "a statement that cannot be read is longer than {most} lines"),
            Bound::Nesting => f.write_str("nested too deeply"),
            Bound::Index => f.write_str("an index nested too deeply"),
            Bound::Deeper(what, most) => write!(f, "{what} nested deeper than {most}"),
            Bound::More(most, what) => write!(f, "more than {most} {what}"),
            Bound::Conditions(most) => write!(f, "more than {most} conditions on one command"),
            Bound::Chain(most) => write!(f, "a chain of more than {most} commands"),
            Bound::Loop(most) => write!(f, "a loop over more than {most} words"),
            Bound::Expansion => f.write_str("the Makefile expands to too much"),
            Bound::Followed(most, what) => write!(f, "following stopped: more than {most} {what}"),
            Bound::FollowedDeeper(what, most) => write!(f, "following stopped: {what} nested deeper than {most}"),
            Bound::Dependencies(most) => write!(f, "following stopped: targets depend on more than {most} others"),
            Bound::Inheritance(most) => {
                write!(f, "following stopped: bake targets inherit from one another more than {most} times")
            }
            Bound::Lane(most) => write!(f, "following stopped: a lane has more than {most} lines"),
            Bound::Line(most, path) => write!(f, "following stopped: more than {most} bytes of one line in {path}"),
            Bound::Written(path) => write!(f, "following stopped: the job writes too much into `{path}`"),
            Bound::Hops(most) => write!(f, "following stopped after {most} hops"),
            Bound::Scripts => f.write_str("following stopped: too many scripts lead on from here"),
        }
    }
}

/// Why something of a script was not read. Ordered by its words, as it is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unread {
    /// A bound was hit, so that anything may come behind it.
    Bound(Bound),
    /// What a command asks for is not there, said without the `no` in front.
    Absent(String),
    /// It cannot be read, or only a run tells it.
    Refused(String),
    /// What it would push is not shown, for this reason.
    Unshown(Box<Unread>),
}

impl Unread {
    /// Whether a bound was hit.
    pub fn is_bound(&self) -> bool {
        match self {
            Unread::Bound(_) => true,
            Unread::Absent(_) | Unread::Refused(_) => false,
            Unread::Unshown(why) => why.is_bound(),
        }
    }

    /// Whether everything was read, and only some conditions on it were left out.
    pub fn is_of_conditions(&self) -> bool {
        matches!(self, Unread::Bound(Bound::Conditions(_)))
    }

    /// Whether what was asked for is not there.
    pub fn is_absent(&self) -> bool {
        match self {
            Unread::Absent(_) => true,
            Unread::Bound(_) | Unread::Refused(_) => false,
            Unread::Unshown(why) => why.is_absent(),
        }
    }
}

impl From<Bound> for Unread {
    fn from(bound: Bound) -> Self {
        Unread::Bound(bound)
    }
}

impl fmt::Display for Unread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Unread::Bound(bound) => bound.fmt(f),
            Unread::Absent(what) => write!(f, "no {what}"),
            Unread::Refused(why) => f.write_str(why),
            Unread::Unshown(why) => write!(f, "{why}, and what it would push is not shown"),
        }
    }
}

impl Ord for Unread {
    fn cmp(&self, other: &Self) -> Ordering {
        self.to_string().cmp(&other.to_string())
    }
}

impl PartialOrd for Unread {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

#[cfg(test)]
mod tests {
    use super::{Bound, Unread};

    #[test]
    fn a_reason_around_another_is_of_its_kind() {
        let around = |why| Unread::Unshown(Box::new(why));
        assert!(around(Bound::Nesting.into()).is_bound());
        assert!(!around(Unread::Absent("x".to_owned())).is_bound());
        assert!(around(Unread::Absent("x".to_owned())).is_absent());
        assert_eq!(around(Unread::Absent("x".to_owned())).to_string(), "no x, and what it would push is not shown");
    }

    #[test]
    fn reasons_are_in_the_order_of_their_words() {
        let refused = |why: &str| Unread::Refused(why.to_owned());
        assert!(refused("a") < Unread::Absent("z".to_owned()));
        assert!(Unread::Bound(Bound::Nesting) < refused("z"));
    }
}
