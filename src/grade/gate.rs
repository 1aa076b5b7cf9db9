//! The gate of the team's configuration. It asks for the level shown, never for the declared one.

use crate::model::Note;
use crate::report::{Condition, ConditionRule, Report};
use crate::settings::Gate;

/// Holds the report against every condition.
pub(super) fn apply(report: &mut Report, gate: &Gate) {
    let mut conditions = Vec::new();
    if let Some(least) = gate.min_level {
        conditions.push(Condition {
            rule: ConditionRule::MinLevel,
            target: None,
            min_level: Some(least),
            holds: report.level >= least,
            message: format!("level {} is {} min-level {least}", report.level, against(report.level, least)),
            location: gate.location.clone(),
        });
    }
    for entry in &gate.targets {
        let mut named = report.targets.iter().filter(|target| entry.id.names(&target.id)).peekable();
        if named.peek().is_none() {
            let message = format!(
                "the gate asks for level {} of `{}`, and there is no such target",
                entry.min_level,
                entry.id.as_str()
            );
            report.notes.push(Note::warning("unused-gate", &entry.location, message));
        }
        for target in named {
            conditions.push(Condition {
                rule: ConditionRule::MinLevel,
                target: Some(target.id.clone()),
                min_level: Some(entry.min_level),
                holds: target.level >= entry.min_level,
                message: format!(
                    "level {} of {} is {} min-level {}",
                    target.level,
                    target.id,
                    against(target.level, entry.min_level),
                    entry.min_level
                ),
                location: entry.location.clone(),
            });
        }
    }
    if gate.deny_overclaim {
        let over = report.claims.iter().filter(|claim| claim.overclaim).count();
        conditions.push(Condition {
            rule: ConditionRule::DenyOverclaim,
            target: None,
            min_level: None,
            holds: over == 0,
            message: match over {
                0 => format!("nothing claims more than level {}", report.level),
                1 => format!("1 claim of more than level {}", report.level),
                _ => format!("{over} claims of more than level {}", report.level),
            },
            location: gate.location.clone(),
        });
    }
    report.gate = conditions;
}

fn against(level: u8, least: u8) -> &'static str {
    if level < least { "below" } else { "not below" }
}
