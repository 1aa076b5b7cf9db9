//! JUDGE: plain functions from a linked target to verdicts with evidence. No rule reads a file.

mod ephemerality;
mod provenance;
mod token;

use crate::checkout::Checkout;
use crate::model::{RunnerPool, Verdict};
use crate::release::Linked;

/// What a rule may look at besides the target.
pub struct Scene<'a> {
    /// The checkout, for asking whether a file exists.
    pub checkout: &'a Checkout,
    /// Runner pools that the checkout defines.
    pub pools: &'a [RunnerPool],
}

/// The verdicts on all eleven requirements, in cap order.
pub fn judge(scene: &Scene<'_>, target: &Linked<'_>) -> Vec<Verdict> {
    let mut verdicts = provenance::judge(target);
    verdicts.extend(ephemerality::judge(scene, target));
    verdicts.push(token::judge(target));
    verdicts.sort_by_key(Verdict::requirement);
    verdicts
}
