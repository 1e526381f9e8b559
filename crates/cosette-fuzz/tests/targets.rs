//! Each target over its corpus and some mutations, the same ones every time; a fuzzer goes on from
//! there.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test that cannot go on fails where it stands; its helpers too"
)]

use cosette_fuzz::run::{Until, run};
use cosette_fuzz::{TARGETS, Target};

fn check(name: &str, inputs: u64, corpus_min: usize) {
    let target: &Target = TARGETS.iter().find(|target| target.name == name).unwrap();
    let ran = run(target, 1, Until::Inputs(inputs)).unwrap();
    println!("{name}: {ran:?}");
    assert!(
        ran.corpus >= corpus_min,
        "the corpus of {name} has become small"
    );
}

#[test]
fn q_sign() {
    check("q_sign", 15_000, 8);
}

#[test]
fn sig_v4() {
    check("sig_v4", 4_000, 10);
}

#[test]
fn policy() {
    check("policy", 15_000, 12);
}

#[test]
fn copy_source() {
    check("copy_source", 100_000, 10);
}

#[test]
fn range() {
    check("range", 200_000, 6);
}

#[test]
fn uri() {
    check("uri", 30_000, 10);
}

#[test]
fn documents() {
    check("documents", 15_000, 10);
}

#[test]
fn form() {
    check("form", 6_000, 10);
}

#[test]
fn service() {
    check("service", 1_500, 30);
}

#[test]
fn reply() {
    check("reply", 3_000, 10);
}

/// Each target has its file for the fuzzer, and none is left of one that is gone.
#[test]
fn the_fuzzers_folder_names_the_same_targets() {
    let fuzz = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz");
    let files = std::fs::read_dir(fuzz.join("fuzz_targets")).unwrap();
    let mut files: Vec<String> = files
        .map(|file| {
            file.unwrap()
                .path()
                .file_stem()
                .unwrap()
                .to_string_lossy()
                .into_owned()
        })
        .collect();
    files.sort_unstable();
    let mut names: Vec<&str> = TARGETS.iter().map(|target| target.name).collect();
    names.sort_unstable();
    assert_eq!(files, names);
    let manifest = std::fs::read_to_string(fuzz.join("Cargo.toml")).unwrap();
    for name in names {
        assert!(
            manifest.contains(&format!("name = \"{name}\"")),
            "{name} is not in fuzz/Cargo.toml"
        );
    }
}
