//! Both reports on fixtures of different kinds, as a reader gets them.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking, its helpers too"
)]

use std::path::Path;

use truelevel::report::{Detail, Document, Human, human, json};
use truelevel::{Options, check};

fn shown(fixture: &str) {
    // The name of the folder is part of the report, so it has to be the same everywhere.
    std::env::set_current_dir(env!("CARGO_MANIFEST_DIR")).unwrap();
    let report = check(&Path::new("fixtures").join(fixture), &Options::default()).unwrap();
    let layout = Human { width: 80, color: false, detail: Detail::Normal, notes: false };
    insta::assert_snapshot!(format!("{fixture}.human"), human(&report, layout));
    insta::assert_snapshot!(format!("{fixture}.json"), json(Document::One(&report)).unwrap());
}

/// Reused pods sign with a stored key: level 1.
#[test]
fn the_seed() {
    shown("seed-reused-pods");
}

#[test]
fn a_release_that_reaches_level_3() {
    shown("generator-generic-split");
}

/// A platform that is recognised and not analysed holds the checkout down.
#[test]
fn an_unassessed_platform() {
    shown("circleci-release-beside");
}

#[test]
fn a_broken_workflow_beside_a_good_one() {
    shown("broken-yaml-beside");
}

#[test]
fn an_image() {
    shown("image-attested");
}

/// Nobody signs the provenance of the image, and the report says so.
#[test]
fn an_image_without_a_signer() {
    shown("image-buildkit-default");
}

/// The plan says for which targets a reason holds, and names what is open and nothing else.
#[test]
fn one_image_of_two_workflows() {
    shown("plan-one-image-in-two-workflows");
}
