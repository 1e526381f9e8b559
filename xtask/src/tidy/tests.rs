use super::*;
use crate::root;

fn file(path: &str, text: &str) -> [Source; 1] {
    [Source {
        path: path.to_owned(),
        text: text.to_owned(),
    }]
}

#[test]
fn the_project_is_tidy() {
    let problems = problems(root()).unwrap();
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

#[test]
fn prefixes_stay_home() {
    let text = format!("let name = \"{}acl\";", PREFIXES[0]);
    let found = |path, text: &str| prefixes_away_from_home(&file(path, text)).len();
    assert_eq!(found("crates/cosette/src/send.rs", &text), 1);
    assert_eq!(found("crates/cosette/src/send.rs", &text.to_uppercase()), 1);
    assert_eq!(
        found("crates/cosette/src/send.rs", &format!("// {text}")),
        0
    );
    assert_eq!(found("crates/cosette/src/send/tests.rs", &text), 0);
    assert_eq!(
        found(
            "crates/cosette/src/send.rs",
            &format!("#[cfg(test)]\nmod t {{ {text} }}")
        ),
        0
    );
    assert_eq!(found(PREFIX_HOME, &text), 0);

    let module = |parent: &str, path: &str| {
        let mut sources = Vec::from(file(parent, "#[cfg(test)]\nmod vectors;\n"));
        sources.extend(file(path, &text));
        prefixes_away_from_home(&sources).len()
    };
    assert_eq!(
        module("crates/a/src/sign/mod.rs", "crates/a/src/sign/vectors.rs"),
        0
    );
    assert_eq!(
        module("crates/a/src/sign.rs", "crates/a/src/sign/vectors.rs"),
        0
    );
    assert_eq!(
        module("crates/a/src/lib.rs", "crates/a/src/sign/vectors.rs"),
        1
    );
}

#[test]
fn unfinished_work_is_seen() {
    let found = |path, text: &str| unfinished(&file(path, text)).len();
    for word in UNFINISHED_WORDS {
        assert_eq!(found("README.md", &format!("see {word}: later")), 1);
        assert_eq!(found("README.md", &format!("BUCKET-{word}X")), 0);
    }
    for code in UNFINISHED_CODE {
        assert_eq!(found("crates/a/src/lib.rs", &format!("    {code}")), 1);
        assert_eq!(found("docs/a.md", code), 0);
    }
}

#[test]
fn files_have_one_subject() {
    assert_eq!(
        long_files(&file("crates/a/src/lib.rs", &"\n".repeat(LINES_MAX))).len(),
        0
    );
    assert_eq!(
        long_files(&file("crates/a/src/lib.rs", &"\n".repeat(LINES_MAX + 1))).len(),
        1
    );
    assert_eq!(
        long_files(&file("docs/a.md", &"\n".repeat(LINES_MAX + 1))).len(),
        0
    );
}

#[test]
fn paths_of_a_machine_are_seen() {
    for path in MACHINE_PATHS {
        assert_eq!(
            machine_traces(&file("a.md", &format!("cp {path}x y"))).len(),
            1
        );
        assert_eq!(
            machine_traces(&file("a.md", &format!("cp docs{path}x y"))).len(),
            0
        );
    }
}

#[test]
fn foreign_registries_are_seen() {
    let found = |path: &str, line: &str| machine_traces(&file(path, line)).len();
    assert_eq!(
        found(
            "a/package-lock.json",
            "  \"resolved\": \"http://mirror.test/a.tgz\","
        ),
        1
    );
    let public = format!("  \"resolved\": \"{NPM_REGISTRY}a.tgz\",");
    assert_eq!(found("a/package-lock.json", &public), 0);
    assert_eq!(
        found("Cargo.lock", &format!("source = \"{CARGO_REGISTRY}\"")),
        0
    );
    assert_eq!(
        found("Cargo.lock", "source = \"registry+https://mirror.test\""),
        1
    );
    assert_eq!(
        found(
            "conformance/python/requirements.txt",
            "--index-url http://mirror.test"
        ),
        1
    );
    assert_eq!(
        found("conformance/python/requirements.txt", "coscmd==1.8.6.31"),
        0
    );
}

#[test]
fn an_example_needs_a_test_of_its_name() {
    let mut sources = Vec::from(file(
        "docs/semantics.md",
        "# A\n\n### example: `copy_keeps`\n",
    ));
    assert_eq!(unpaired_examples(&sources).len(), 1);
    sources.extend(file(
        "crates/a/tests/it.rs",
        "#[test]\nasync fn copy_keeps() {}",
    ));
    assert_eq!(unpaired_examples(&sources).len(), 0);
}

#[test]
fn links_between_pages_lead_somewhere() {
    let found = |line: &str| dead_links(&file("docs/a.md", line), root()).len();
    assert_eq!(
        found("see [x](../Cargo.toml#here) and [y](https://example.com/none) [z](#top)"),
        0
    );
    assert_eq!(found("see [x](../Cargo.toml), [y](none.md)"), 1);
}
