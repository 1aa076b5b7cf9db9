//! Names as people read them. What a run decides stands in a name as the pipeline writes it, and the notation in which
//! reading keeps track of unknown values never shows.

use std::sync::LazyLock;

use regex::Regex;

use crate::model::Text;

/// What stands for a part of a name that a run computes.
const COMPUTED: &str = "*";
/// A name of which nothing is known.
pub(super) const UNNAMED: &str = "(name computed by the run)";

/// An output of a step: which job the step is in, and through which actions it was reached, only readers of the
/// pipeline need to know. All of it is ASCII, which compiles in a tenth of the time.
static OUTPUT: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"(?-u)\bjobs\.[\w./-]+?\.steps\.(?:[\w-]+/)*([\w-]+)\.outputs\.").ok());

/// A name without internal notation.
pub(super) fn readable(name: &str) -> String {
    let mut out = String::new();
    let mut rest = name;
    while let Some(at) = rest.find("${{") {
        let (head, tail) = rest.split_at(at);
        out.push_str(head);
        let (inner, after) = match tail.find("}}") {
            Some(end) => (tail.get(3..end).unwrap_or_default(), tail.get(end + 2..).unwrap_or_default()),
            // A symbol that was cut short names nothing.
            None => ("item(", ""),
        };
        out.push_str(&symbol(inner.trim()));
        rest = after;
    }
    out.push_str(rest);
    let telling = out.chars().any(|c| c.is_alphanumeric());
    if telling { out } else { UNNAMED.to_owned() }
}

fn symbol(inner: &str) -> String {
    if inner.starts_with("choice(") || inner.starts_with("if(") {
        return literal_of(inner).map_or_else(|| COMPUTED.to_owned(), |l| readable(&l));
    }
    if let Some((job, output)) = Text::unknown(inner).lacks().filter(|_| !inner.contains('(')) {
        return format!("${{{{ needs.{}.outputs.{output} }}}}", job.rsplit('/').next().unwrap_or(job));
    }
    let shown = match OUTPUT.as_ref() {
        Some(output) => output.replace_all(inner, "steps.$1.outputs.").into_owned(),
        None => inner.to_owned(),
    };
    let known =
        ["steps.", "needs.", "github.", "env.", "vars.", "inputs.", "secrets.", "matrix.", "runner.", "fromJSON("];
    let calls = shown.contains('(') && !shown.starts_with("fromJSON(") || shown.contains(['<', '|', '#']);
    if calls || shown.starts_with("jobs.") || !known.iter().any(|k| shown.starts_with(k)) {
        return COMPUTED.to_owned();
    }
    format!("${{{{ {shown} }}}}")
}

/// The fixed one of several possible values, as a default is.
fn literal_of(choice: &str) -> Option<String> {
    if let Some(inner) = choice.strip_prefix("choice(") {
        let literals = inner.split(" ? '").skip(1).filter_map(|v| v.split('\'').next());
        return literals.filter(|l| !l.is_empty() && !l.contains(['<', '>'])).map(str::to_owned).next();
    }
    let (_, values) = choice.strip_prefix("if(")?.strip_suffix(')')?.rsplit_once(": ")?;
    let mut values = values.split("; ").map(str::trim).filter(|v| !v.is_empty() && !v.contains(['<', '(', '$']));
    values.next().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::readable;

    #[test]
    fn a_name_shows_expressions_as_the_pipeline_writes_them() {
        assert_eq!(readable("ghcr.io/acme/widget"), "ghcr.io/acme/widget");
        assert_eq!(readable("${{ jobs.build/x.steps.meta.outputs.tags }}"), "${{ steps.meta.outputs.tags }}");
        assert_eq!(readable("r/${{ jobs.a.steps.outer/inner.outputs.name }}"), "r/${{ steps.inner.outputs.name }}");
        assert_eq!(readable("s3://${{ secrets.BUCKET }}/x"), "s3://${{ secrets.BUCKET }}/x");
        assert_eq!(
            readable("${{ fromJSON(jobs.plan.steps.plan.outputs.manifest).tag }}"),
            "${{ fromJSON(steps.plan.outputs.manifest).tag }}"
        );
    }

    #[test]
    fn internal_notation_never_shows() {
        assert_eq!(readable("${{ item(#161) }}"), "(name computed by the run)");
        assert_eq!(readable("ghcr.io/acme/${{ shell(echo a | sed s/b/c/) }}"), "ghcr.io/acme/*");
        assert_eq!(readable("${{ jobs.deploy.steps.snap"), "(name computed by the run)");
        assert_eq!(
            readable("${{ choice(inputs.ns ? inputs.ns, !(inputs.ns) ? 'ghcr.io/acme') }}/widget"),
            "ghcr.io/acme/widget"
        );
    }
}
