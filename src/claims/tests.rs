use super::*;

fn found(text: &str) -> Vec<(u32, u8)> {
    let checkout = Checkout::in_memory([("README.md".to_owned(), text.as_bytes().to_vec())], Some("acme/widget"));
    claims(&checkout).into_iter().map(|claim| (claim.location.line, claim.level)).collect()
}

#[test]
fn badges_claim_in_every_markup() {
    for (text, wanted) in [
        ("# widget\n[![SLSA 3](https://slsa.dev/images/gh-badge-level3.svg)](https://slsa.dev)\n", (2, 3)),
        (
            "[![SLSA 2][badge]][slsa]\n\n[badge]: https://slsa.dev/images/gh-badge-level2.svg\n[slsa]: https://slsa.dev\n",
            (1, 2),
        ),
        (
            "<p>\n  <a href=\"https://slsa.dev\"><img src=\"https://slsa.dev/images/gh-badge-level3.svg\" alt=\"SLSA 3\"></a>\n</p>\n",
            (2, 3),
        ),
        ("image:https://slsa.dev/images/gh-badge-level3.svg[\"SLSA 3\", link=\"https://slsa.dev\"]\n", (1, 3)),
        (".. image:: https://slsa.dev/images/gh-badge-level1.svg\n   :target: https://slsa.dev\n", (1, 1)),
        (".. |slsa| image:: https://slsa.dev/images/gh-badge-level3.svg\n", (1, 3)),
        ("![a](https://img.shields.io/badge/SLSA-Level%203-blue)\n", (1, 3)),
        ("![a](https://img.shields.io/badge/SLSA-level_3-green.svg?style=flat)\n", (1, 3)),
        ("![a](https://img.shields.io/badge/SLSA-Build%20L3-green.svg)\n", (1, 3)),
        ("![a](https://img.shields.io/badge/SLSA-Level--2-blue)\n", (1, 2)),
        ("![a](https://img.shields.io/badge/slsa-3-brightgreen)\n", (1, 3)),
        ("![a](https://badgen.net/badge/SLSA/Level%203/blue)\n", (1, 3)),
        ("![SLSA 4](https://slsa.dev/images/gh-badge-level4.svg)\n", (1, 4)),
    ] {
        assert_eq!(found(text), [wanted], "{text}");
    }
}

#[test]
fn what_is_no_badge_of_a_level_claims_nothing() {
    for text in [
        "![a](https://img.shields.io/badge/SLSA-Provenance%20v0.2%20keyless-blue)\n",
        "![a](https://img.shields.io/badge/SLSA-Attested-brightgreen)\n",
        "![a](https://img.shields.io/badge/node-3-green)\n",
        "Put [the badge](https://slsa.dev/images/gh-badge-level3.svg) into the README.\n",
        "```\n![SLSA 3](https://slsa.dev/images/gh-badge-level3.svg)\n```\n",
        "`![SLSA 3](https://slsa.dev/images/gh-badge-level3.svg)`\n",
        "<!-- ![SLSA 3](https://slsa.dev/images/gh-badge-level3.svg) -->\n",
        "<!--\n<img src=\"https://slsa.dev/images/gh-badge-level3.svg\">\n-->\n",
        "![SLSA](https://evil.example/?https://slsa.dev/images/gh-badge-level3.svg)\n",
    ] {
        assert_eq!(found(text), [], "{text}");
    }
}

#[test]
fn sentences_about_the_project_claim() {
    for (text, level) in [
        ("This project is SLSA Level 3 compliant.", 3),
        ("We meet SLSA Build Level 3.", 3),
        ("Our release artifacts reach [SLSA](https://slsa.dev) Build Level 2.", 2),
        ("All our releases are SLSA 3.", 3),
        ("Widget is SLSA 3 compliant.", 3),
        (
            "We generate [SLSA3 provenance](https://slsa.dev) using the generator. To verify our release, install the tool.",
            3,
        ),
        ("You may download the [SLSA3](https://slsa.dev) compliant binaries from our releases page.", 3),
        ("A [SLSA](https://slsa.dev/) Level 3 provenance is generated using the generator.", 3),
        ("- **SLSA3 compliant** release artifacts", 3),
        ("- SLSA Build Level 3 provenance", 3),
        ("- OpenSSF SLSA 3 compliant;", 3),
        ("- Supply chain security: SLSA Level 2 attestations, container signing", 2),
        ("- SLSA Level 3 build provenance via `actions/attest-build-provenance`.", 3),
        ("This project aligns with **SLSA Level 3** expectations:", 3),
        ("Every release artifact comes with SLSA level\n3 provenance.", 3),
        ("Container images are built at SLSA v1.0 Build Level 3.", 3),
        ("SLSA Level 3", 3),
        ("The project achieves SLSA L3.", 3),
    ] {
        assert_eq!(found(&format!("# Widget\n\n{text}\n")), [(3, level)], "{text}");
    }
}

#[test]
fn sentences_about_something_else_claim_nothing() {
    for text in [
        "This repository contains free tools to generate and verify SLSA Build Level 3 provenance.",
        "Our readers conflate them (\"we have SLSA L3 provenance\" is a claim about both).",
        "SLSA Level 3 demands isolation and ephemerality.",
        "This project is not SLSA 3 compliant.",
        "Our builds don't reach SLSA Level 3 yet.",
        "We are working towards SLSA Level 3.",
        "Our goal is SLSA Build Level 3.",
        "We plan to reach SLSA 3 this year.",
        "- [ ] SLSA Build Level 3 compliance",
        "- ~~SLSA Level 3 provenance~~",
        "This workflow helps you build your artifacts at SLSA Level 3.",
        "If we used the generator, our releases would reach SLSA 3.",
        "Build pipelines must generate provenance files (SLSA Level 3 compliance).",
        "The verifier checks whether all artifacts meet SLSA Level 2.",
        "Google Cloud Build is now SLSA 3 compliant.",
        "The compromised packages carry valid SLSA Build Level 3 provenance.",
        "- SLSA Level 1: the build is documented",
        "- SLSA Level 2: provenance is signed",
        "Our releases follow SLSA v1.0 and SLSA 1.0.",
        "We generate SLSA provenance v0.2 and v1.",
        "From SLSA 2 to SLSA 3: our releases took a year.",
        "We meet SLSA Source Level 3.",
        "| SLSA Level 3 | our releases |\n|---|---|\n| SLSA Level 3 | our releases |",
        "```\nOur releases are SLSA 3.\n```",
        "    Our releases are SLSA 3.",
        "<!-- Our releases are SLSA 3. -->",
        "Reusable workflows to elevate your builds to SLSA Build Level 3 requirements.",
        "See [SLSA Build Level 3](https://slsa.dev/spec/v1.2/levels#build-l3) for what that means.",
    ] {
        assert_eq!(found(&format!("# Widget\n\n{text}\n")), [], "{text}");
    }
    assert_eq!(found("# Widget\n\n## Roadmap\n\n### Security\n\n- SLSA Level 3 provenance\n"), []);
    assert_eq!(found("# Widget\n\n## Roadmap\n\n## Security\n\n- SLSA Level 3 provenance\n"), [(7, 3)]);
}

#[test]
fn documents_for_readers_are_read_and_others_are_not() {
    let text = b"Our releases are SLSA 3.\n".to_vec();
    let seen = |path: &str| !claims(&Checkout::in_memory([(path.to_owned(), text.clone())], None)).is_empty();
    for path in ["README.md", "readme.rst", "README", "charts/widget/README.md", "docs/security/slsa.md", "SECURITY.md"]
    {
        assert!(seen(path), "{path}");
    }
    for path in [
        "CHANGELOG.md",
        "docs/changelog.md",
        "docs/blog/slsa.md",
        "docs/rfcs/0001.md",
        "vendor/github.com/a/b/README.md",
        "node_modules/a/README.md",
        "testdata/README.md",
        "src/notes.md",
        "docs/page.html",
    ] {
        assert!(!seen(path), "{path}");
    }
}

#[test]
fn places_are_those_of_the_mention() {
    let text = "# Widget\r\n\r\nÜber uns: all\r\nour *releases* are SLSA Build Level 3.\r\n";
    let checkout = Checkout::in_memory([("README.md".to_owned(), text.as_bytes().to_vec())], None);
    let claim = &claims(&checkout)[0];
    assert_eq!((claim.location.line, claim.location.column, claim.location.end_column), (4, 20, 38));
    assert_eq!(claim.text, "Über uns: all our releases are SLSA Build Level 3.");
}

#[test]
fn a_hostile_document_ends() {
    for text in [
        "SLSA 3 ".repeat(20_000),
        "[![SLSA 3](".repeat(10_000),
        format!("{}SLSA 3", "> ".repeat(10_000)),
        format!("{}SLSA 3", "- ".repeat(5_000)),
        "<img src=https://slsa.dev/images/gh-badge-level3.svg ".repeat(5_000),
        "<!-- SLSA 3 ".repeat(10_000),
        "![SLSA 3](https://slsa.dev/images/gh-badge-level3.svg)\n".repeat(5_000),
    ] {
        assert!(found(&text).len() <= MAX_CLAIMS);
    }
}

#[test]
fn documents_of_others_and_about_other_times_claim_nothing() {
    let text = "[![SLSA 3](https://slsa.dev/images/gh-badge-level3.svg)](x)\n";
    let claimed = |path: &str| {
        let checkout = Checkout::in_memory([(path.to_owned(), text.as_bytes().to_vec())], Some("acme/widget"));
        claims(&checkout).len()
    };
    assert_eq!(["README.md", "docs/guide.md", "docs/releases/notes.md"].map(claimed), [1; 3]);
    let others = ["docs/Blog/guide.md", "vendor/README.md", "docs/a/release-notes/b.md", "docs/changelog-2.md"];
    assert_eq!(others.map(claimed), [0; 4]);
}
