use super::*;

fn file(path: &str, text: &str) -> Source {
    Source {
        path: path.to_owned(),
        text: text.to_owned(),
    }
}

/// The rows and names found in one file, as `S01 name`.
fn found(path: &str, text: &str) -> Vec<String> {
    let (mentions, problems) = mention::in_file(&file(path, text), mention::SEED);
    let told = mentions
        .into_iter()
        .map(|mention| format!("{} {}", mention.row, mention.name));
    told.chain(problems.into_iter().map(|_| "problem".to_owned()))
        .collect()
}

#[test]
fn a_rust_test_is_named_by_its_function() {
    let path = "crates/cosette-server/tests/it/copy.rs";
    let text = "// seed: S03, S10-S12\n#[tokio::test]\nasync fn copies() {}\n";
    assert_eq!(
        found(path, text),
        ["S03 copies", "S10 copies", "S11 copies", "S12 copies"]
    );
    let text = "#[test]\n// seed: S03\nfn copies() {}\n";
    assert_eq!(found(path, text), ["S03 copies"]);
    let text = "#[test]\nfn copies() {\n    // seed: S03\n    assert_eq!(1, one());\n}\n";
    assert_eq!(found(path, text), ["S03 copies"]);
}

#[test]
fn a_function_that_never_runs_shows_nothing() {
    let path = "crates/cosette-server/tests/it/copy.rs";
    assert_eq!(found(path, "// seed: S03\nfn copies() {}\n"), ["problem"]);
    let helper = "// seed: S03\nfn copies() {}\n#[test]\nfn all() { copies(); }\n";
    assert_eq!(found(path, helper), ["S03 copies"]);
}

#[test]
fn a_doc_example_is_named_by_its_item() {
    let path = "crates/cosette/src/ops.rs";
    let text =
        "/// Copies.\n/// ```\n/// // seed: S08\n/// x();\n/// ```\npub async fn put_copy() {}\n";
    assert_eq!(found(path, text), ["S08 put_copy (example)"]);
    let text = "/// // seed: S08\n#[doc(alias = \"a\")]\nPutCopy(put_copy) => Copy {\n";
    assert_eq!(found(path, text), ["S08 put_copy (example)"]);
    let text = "//! ```\n//! // seed: S08\n//! ```\nuse a::b;\n";
    assert_eq!(found(path, text), ["S08 module example"]);
}

#[test]
fn script_tests_are_named_by_their_titles() {
    let path = "conformance/node/copy.test.js";
    let cases = [
        (
            "// seed: S08\ntest('copies a/1.jpg', async () => {});",
            "S08 copies a/1.jpg",
        ),
        ("// seed: S08\nawait t.test(\"it's\", f);", "S08 it's"),
        ("// seed: S08\ntest(\n  `title`,\n", "S08 title"),
        (
            "// seed: S08\n{ name: 'case one', run() {} },",
            "S08 case one",
        ),
        (
            "test('whole', () => {\n  // seed: S08\n  assert.equal(a, 'b');\n",
            "S08 whole",
        ),
    ];
    for (text, expected) in cases {
        assert_eq!(found(path, text), [expected]);
    }
    assert_eq!(found(path, "// seed: S08\n"), ["problem"]);
}

#[test]
fn python_tests_are_named_by_their_functions() {
    let path = "conformance/python/test_copy.py";
    let text = "    # seed: S08\n    def test_copy(self):\n        # seed: S09\n        pass\n";
    assert_eq!(found(path, text), ["S08 test_copy", "S09 test_copy"]);
}

#[test]
fn lists_that_cannot_be_read_are_problems() {
    let path = "conformance/python/test_copy.py";
    for list in ["", "S", "30", "S12-S10", "S1 S2"] {
        assert_eq!(
            found(path, &format!("# seed: {list}\ndef test_a(self): pass\n")),
            ["problem"]
        );
    }
}

#[test]
fn excuses_are_for_what_may_wait() {
    assert!(parse_excuse("cli=not applicable: it has no callback").is_ok());
    assert!(parse_excuse("server=later: needs bucket policy").is_ok());
    for wrong in [
        "server=later: no time",
        "server=later",
        "web=not applicable: x",
        "cli=never: x",
    ] {
        assert!(parse_excuse(wrong).is_err(), "{wrong}");
    }
}

fn book_of_all_rows() -> Vec<Source> {
    let rows: String = (1..=ROW_COUNT)
        .map(|n| format!("S{n:02}\tcopy\twords\n"))
        .collect();
    let page = format!("# Page\n{BEGIN}\nold\n{END}\ntail\n");
    let tests = |path: &str| file(path, "// seed: S01-S143\n#[test]\nfn shows_all() {}\n");
    vec![
        file(ROWS, &rows),
        file(PAGE, &page),
        tests("crates/cosette/tests/a.rs"),
        tests("crates/cosette-server/tests/a.rs"),
        tests("crates/cosette-cli/tests/a.rs"),
    ]
}

#[test]
fn an_old_table_is_a_problem_and_a_blessed_one_is_none() {
    let mut sources = book_of_all_rows();
    let told = problems(&sources).unwrap();
    assert!(told.len() == 1 && told[0].contains("bless"), "{told:?}");
    let table = Book::read(&sources).unwrap().table();
    sources[1].text = with_table(&sources[1].text, &table).unwrap();
    assert_eq!(problems(&sources).unwrap(), Vec::<String>::new());
}

#[test]
fn a_row_without_a_test_in_one_face_is_a_problem() {
    let mut sources = book_of_all_rows();
    sources[4].text = sources[4].text.replace("S143", "S142");
    let told = problems(&sources).unwrap();
    assert!(
        told.iter()
            .any(|why| why.contains("S143") && why.contains("cli")),
        "{told:?}"
    );
    sources[0].text = sources[0].text.replace(
        "S143\tcopy\twords",
        "S143\tcopy\twords\tcli=not applicable: no",
    );
    let told = problems(&sources).unwrap();
    assert!(!told.iter().any(|why| why.contains("S143")), "{told:?}");
}
