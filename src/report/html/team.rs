//! What the team's configuration says, and what the checkout claims: none of it changes the level shown.

use super::writer::Writer;
use super::{Checkout, list, path_line_column};
use crate::report::{Claim, DeclarationStatus};

impl Checkout<'_> {
    pub(super) fn gate(&self, page: &mut Writer) {
        if self.report.gate.is_empty() {
            return;
        }
        self.section(page, "gate", "Asked for by the team", |page| {
            list(page, &self.report.gate, |page, condition| {
                page.leaf("span", &[("class", "place")], &path_line_column(&condition.location));
                page.text(" ");
                if condition.holds {
                    page.text(&condition.words());
                } else {
                    page.leaf("strong", &[], &condition.words());
                }
            });
        });
    }

    pub(super) fn overclaims(&self, page: &mut Writer) {
        let claims: Vec<_> = self.report.claims.iter().filter(|claim| claim.overclaim).collect();
        if !claims.is_empty() {
            self.section(page, "overclaims", "Claims more than is shown", |page| {
                list(page, &claims, |p, c| claim(p, c))
            });
        }
    }

    pub(super) fn claims(&self, page: &mut Writer) {
        let claims: Vec<_> = self.report.claims.iter().filter(|claim| !claim.overclaim).collect();
        if !claims.is_empty() {
            self.section(page, "claims", "Claims no more than is shown", |page| {
                list(page, &claims, |p, c| claim(p, c))
            });
        }
    }

    pub(super) fn declarations(&self, page: &mut Writer) {
        if self.report.declarations.is_empty() {
            return;
        }
        self.section(page, "declarations", "Declared by the team", |page| {
            page.leaf("p", &[], "What the team says and no file shows. No declaration raises the level.");
            list(page, &self.report.declarations, |page, declaration| {
                page.leaf("code", &[], declaration.requirement.id());
                page.text(" ");
                if declaration.status == DeclarationStatus::Counts {
                    page.text(&declaration.standing());
                } else {
                    page.leaf("strong", &[], &declaration.standing());
                }
                page.text(": ");
                page.prose(&declaration.reason);
                let facts = format!(
                    " ({}; {}; {}; {})",
                    declaration.owner,
                    declaration.reference,
                    declaration.dates(),
                    path_line_column(&declaration.location)
                );
                page.leaf("span", &[("class", "faint")], &facts);
            });
        });
    }

    pub(super) fn accepted(&self, page: &mut Writer) {
        if self.report.accepted.is_empty() {
            return;
        }
        self.section(page, "accepted", "Accepted by the team", |page| {
            page.leaf("p", &[], "Findings that the team knows and lives with for a while. They count all the same.");
            list(page, &self.report.accepted, |page, accepted| {
                page.leaf("code", &[], &accepted.about());
                page.text(&format!(", {}: ", accepted.standing()));
                page.prose(&accepted.reason);
                let owner = accepted.owner.as_ref().map(|owner| format!("{owner}; ")).unwrap_or_default();
                let facts = format!(" ({owner}{})", path_line_column(&accepted.location));
                page.leaf("span", &[("class", "faint")], &facts);
                let places: Vec<_> = accepted.findings.iter().filter_map(|finding| finding.location.as_ref()).collect();
                list(page, &places, |page, at| page.leaf("span", &[("class", "place")], &path_line_column(at)));
            });
        });
    }

    pub(super) fn excluded(&self, page: &mut Writer) {
        if self.report.excluded.is_empty() {
            return;
        }
        self.section(page, "excluded", "Excluded by the team", |page| {
            list(page, &self.report.excluded, |page, excluded| {
                page.leaf("code", &[], &excluded.path);
                page.text(&format!(": {}", excluded.standing()));
                if let Some(reason) = &excluded.reason {
                    page.text(". ");
                    page.prose(reason);
                }
                page.leaf("span", &[("class", "faint")], &format!(" ({})", path_line_column(&excluded.location)));
                list(page, &excluded.files, |page, file| {
                    page.leaf("span", &[("class", "place")], &file.path);
                    page.text(": ");
                    page.prose(&file.what);
                    if file.counts {
                        page.leaf("strong", &[], ", counts all the same");
                    }
                });
            });
        });
    }
}

fn claim(page: &mut Writer, claim: &Claim) {
    page.leaf("span", &[("class", "place")], &path_line_column(&claim.location));
    page.text(&format!(" claims level {}: ", claim.level));
    page.leaf("code", &[], &claim.text);
}
