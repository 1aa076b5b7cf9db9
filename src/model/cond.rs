//! Conditions under which something runs, as formulas over atoms that reading cannot decide.

use std::collections::BTreeSet;
use std::sync::Arc;

/// A condition. Atoms are canonical expression texts: equal text, equal truth within one run.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Cond {
    /// Holds or not, known from the checkout.
    Known(bool),
    /// Not decided by anything in the checkout.
    Atom(Arc<str>),
    /// The opposite.
    Not(Arc<Cond>),
    /// All hold.
    All(Arc<Vec<Cond>>),
    /// At least one holds.
    Any(Arc<Vec<Cond>>),
}

/// More distinct atoms than this are not enumerated; the answer is then the cautious one.
const MOST_ATOMS: usize = 12;

/// A longer condition is told as it is written.
const MOST_TOLD: usize = 160;

/// Distinct atoms of conditions.
type Atoms<'c> = Vec<&'c Arc<str>>;

impl Cond {
    /// Always.
    pub const TRUE: Cond = Cond::Known(true);
    /// Never.
    pub const FALSE: Cond = Cond::Known(false);

    /// An undecided atom.
    pub fn atom(text: impl AsRef<str>) -> Self {
        Cond::Atom(Arc::from(text.as_ref()))
    }

    /// Both.
    #[must_use]
    pub fn and(self, other: Cond) -> Cond {
        match (self, other) {
            (Cond::Known(true), c) | (c, Cond::Known(true)) => c,
            (Cond::Known(false), _) | (_, Cond::Known(false)) => Cond::FALSE,
            (a, b) if a == b => a,
            (Cond::All(mut a), Cond::All(b)) => {
                for c in &*b {
                    add(&mut a, c.clone());
                }
                Cond::All(a)
            }
            (Cond::All(mut a), c) | (c, Cond::All(mut a)) => {
                add(&mut a, c);
                Cond::All(a)
            }
            (a, b) => Cond::All(Arc::new(vec![a, b])),
        }
    }

    /// Either.
    #[must_use]
    pub fn or(self, other: Cond) -> Cond {
        match (self, other) {
            (Cond::Known(false), c) | (c, Cond::Known(false)) => c,
            (Cond::Known(true), _) | (_, Cond::Known(true)) => Cond::TRUE,
            (a, b) if a == b => a,
            (Cond::Any(mut a), c) | (c, Cond::Any(mut a)) => {
                add(&mut a, c);
                Cond::Any(a)
            }
            (a, b) => Cond::Any(Arc::new(vec![a, b])),
        }
    }

    /// The opposite.
    #[must_use]
    pub fn negate(self) -> Cond {
        match self {
            Cond::Known(b) => Cond::Known(!b),
            Cond::Not(inner) => Arc::unwrap_or_clone(inner),
            other => Cond::Not(Arc::new(other)),
        }
    }

    /// Whether it can never hold.
    pub fn is_never(&self) -> bool {
        match self {
            Cond::Known(b) => !b,
            Cond::Atom(_) => false,
            Cond::Any(any) => any.iter().all(Cond::is_never),
            // Most are a few literals, of which only opposites exclude one another.
            Cond::All(all) if all.iter().all(Cond::is_literal) => self.contradicts(),
            Cond::Not(_) if self.is_literal() => false,
            _ => !self.satisfiable(),
        }
    }

    /// Whether it holds more than `most` parts, counted where they stand.
    pub fn exceeds(&self, most: usize) -> bool {
        self.left_of(most).is_none()
    }

    fn left_of(&self, most: usize) -> Option<usize> {
        let most = most.checked_sub(1)?;
        match self {
            Cond::Known(_) | Cond::Atom(_) => Some(most),
            Cond::Not(inner) => inner.left_of(most),
            Cond::All(parts) | Cond::Any(parts) => parts.iter().try_fold(most, |left, part| part.left_of(left)),
        }
    }

    /// Whether two of its parts exclude one another at first sight.
    pub fn contradicts(&self) -> bool {
        match self {
            Cond::Known(b) => !b,
            Cond::All(all) => all.iter().any(|one| matches!(one, Cond::Not(inner) if all.contains(&**inner))),
            _ => false,
        }
    }

    /// Whether it is an atom or its opposite.
    fn is_literal(&self) -> bool {
        match self {
            Cond::Atom(_) => true,
            Cond::Not(inner) => matches!(**inner, Cond::Atom(_)),
            _ => false,
        }
    }

    /// Whether it always holds.
    pub fn is_always(&self) -> bool {
        matches!(self, Cond::Known(true))
    }

    /// Whether `other` holds whenever this does. Not decidable within the bound: `false`.
    pub fn implies(&self, other: &Cond) -> bool {
        if other.is_always() || self == other || matches!(self, Cond::Known(false)) {
            return true;
        }
        if matches!(self, Cond::All(all) if all.contains(other)) {
            return true;
        }
        let mut atoms = Atoms::new();
        if !(self.collect(&mut atoms) && other.collect(&mut atoms)) {
            return false;
        }
        blocks(&atoms).all(|block| self.holds(&atoms, block) & !other.holds(&atoms, block) == 0)
    }

    /// Whether it can only hold when some atom that `wanted` accepts holds.
    pub fn requires(&self, wanted: &dyn Fn(&str) -> bool) -> bool {
        let mut atoms = BTreeSet::new();
        self.each_atom(&mut |atom| {
            atoms.insert(atom);
            true
        });
        atoms.iter().filter(|a| wanted(a)).any(|a| self.implies(&Cond::Atom(Arc::clone(a))))
    }

    /// The condition for people: as it is written, where what reading makes of it is long or holds the output of commands.
    pub fn told(&self, written: Option<&str>) -> String {
        let read = self.to_string();
        let Some(written) = written.filter(|_| read.len() > MOST_TOLD || read.contains("shell(")) else { return read };
        let text = written.split_whitespace().collect::<Vec<_>>().join(" ");
        let inner = text.strip_prefix("${{").and_then(|rest| rest.strip_suffix("}}"));
        let text = inner.filter(|inner| !inner.contains("${{")).unwrap_or(&text).trim();
        match text.char_indices().nth(MOST_TOLD).and_then(|(end, _)| text.get(..end)) {
            Some(start) => format!("{start}..."),
            None => text.to_owned(),
        }
    }

    fn satisfiable(&self) -> bool {
        let mut atoms = Atoms::new();
        !self.collect(&mut atoms) || blocks(&atoms).any(|block| self.holds(&atoms, block) != 0)
    }

    /// Gathers its atoms, each once; `false` as soon as there are too many.
    fn collect<'c>(&'c self, into: &mut Atoms<'c>) -> bool {
        self.each_atom(&mut |atom| {
            if !into.contains(&atom) {
                into.push(atom);
            }
            into.len() <= MOST_ATOMS
        })
    }

    /// Shows every atom where it stands, until `keep_on` says otherwise; whether it never did.
    fn each_atom<'c>(&'c self, keep_on: &mut impl FnMut(&'c Arc<str>) -> bool) -> bool {
        match self {
            Cond::Known(_) => true,
            Cond::Atom(atom) => keep_on(atom),
            Cond::Not(c) => c.each_atom(keep_on),
            Cond::All(cs) | Cond::Any(cs) => cs.iter().all(|c| c.each_atom(keep_on)),
        }
    }

    /// In which of the 64 rows of a block of the truth table it holds, one bit each.
    fn holds(&self, atoms: &[&Arc<str>], block: u64) -> u64 {
        match self {
            Cond::Known(true) => u64::MAX,
            Cond::Known(false) => 0,
            Cond::Atom(atom) => match atoms.iter().position(|known| *known == atom) {
                Some(at) => match WITHIN.get(at) {
                    Some(rows) => *rows,
                    None if block >> (at - WITHIN.len()) & 1 == 1 => u64::MAX,
                    None => 0,
                },
                None => 0,
            },
            Cond::Not(c) => !c.holds(atoms, block),
            Cond::All(cs) => cs.iter().fold(u64::MAX, |rows, c| rows & c.holds(atoms, block)),
            Cond::Any(cs) => cs.iter().fold(0, |rows, c| rows | c.holds(atoms, block)),
        }
    }
}

/// Adds a condition to others that do not have it.
fn add(all: &mut Arc<Vec<Cond>>, cond: Cond) {
    if !all.contains(&cond) {
        Arc::make_mut(all).push(cond);
    }
}

/// The rows of a block in which the first atoms hold. The others are the same for a whole block.
const WITHIN: [u64; 6] = [
    0xaaaa_aaaa_aaaa_aaaa,
    0xcccc_cccc_cccc_cccc,
    0xf0f0_f0f0_f0f0_f0f0,
    0xff00_ff00_ff00_ff00,
    0xffff_0000_ffff_0000,
    0xffff_ffff_0000_0000,
];

/// The blocks of the truth table. Where fewer atoms are than a block has columns for, it holds the same rows again.
fn blocks(atoms: &[&Arc<str>]) -> std::ops::Range<u64> {
    0..1 << atoms.len().saturating_sub(WITHIN.len())
}

impl std::fmt::Display for Cond {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let join = |f: &mut std::fmt::Formatter<'_>, cs: &[Cond], with: &str| {
            for (i, c) in cs.iter().enumerate() {
                if i > 0 {
                    f.write_str(with)?;
                }
                match c {
                    Cond::All(_) | Cond::Any(_) => write!(f, "({c})")?,
                    _ => write!(f, "{c}")?,
                }
            }
            Ok(())
        };
        match self {
            Cond::Known(b) => write!(f, "{b}"),
            Cond::Atom(a) => f.write_str(a),
            Cond::Not(c) => write!(f, "!({c})"),
            Cond::All(cs) => join(f, cs, " && "),
            Cond::Any(cs) => join(f, cs, " || "),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Cond;

    fn a(name: &str) -> Cond {
        Cond::atom(name)
    }

    #[test]
    fn a_condition_implies_its_parts_and_not_the_reverse() {
        let both = a("tag").and(a("public"));
        assert!(both.implies(&a("tag")));
        assert!(!a("tag").implies(&both));
        assert!(a("tag").implies(&a("tag").or(a("dispatch"))));
        assert!(!a("tag").or(a("dispatch")).implies(&a("tag")));
    }

    #[test]
    fn conditions_of_many_atoms_are_decided_row_by_row() {
        let atoms: Vec<Cond> = (0..12).map(|n| a(&format!("x{n:02}"))).collect();
        let all = atoms.iter().cloned().fold(Cond::TRUE, Cond::and);
        let none = atoms.iter().cloned().fold(Cond::FALSE, Cond::or).negate();
        for (at, atom) in atoms.iter().enumerate() {
            let others = (0..12).filter(|other| *other != at).filter_map(|other| atoms.get(other).cloned());
            let others = others.fold(Cond::TRUE, Cond::and);
            assert!(all.implies(atom) && all.implies(&others) && !others.implies(atom));
            assert!(none.clone().and(atom.clone()).is_never() && none.implies(&atom.clone().negate()));
            let one = others.clone().or(atom.clone()).negate();
            assert!(!one.clone().or(none.clone()).implies(atom) && !one.is_never());
        }
    }

    #[test]
    fn a_contradiction_is_never() {
        assert!(a("x").and(a("x").negate()).is_never());
        assert!(!a("x").or(a("x").negate()).is_never());
        assert!(!a("x").and(a("y").negate()).is_never() && !a("x").negate().is_never());
        let neither = a("x").or(a("y")).negate();
        assert!(neither.clone().and(a("x")).is_never() && !neither.is_never());
        assert!(a("x").and(a("x").negate()).or(a("y").and(a("y").negate())).is_never());
    }
}
