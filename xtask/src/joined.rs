//! Every operation of the store joins the suites that try to break it: the model, the crashes and the
//! linearizability check. One that does not says why here. And each has a bug planted in it, or names one
//! that is planted in what it stands on.

use crate::source::Source;

const OPERATIONS: &str = "crates/cosette-store/src/ops/";
const BUGS: &str = "crates/cosette-store/src/planted.rs";

/// A suite, and the files in which its operations are called.
struct Suite {
    name: &'static str,
    files: &'static [&'static str],
}

const SUITES: [Suite; 3] = [
    Suite {
        name: "the model",
        files: &[
            "crates/cosette-store/tests/it/model.rs",
            "crates/cosette-store/tests/it/simulation/operation.rs",
        ],
    },
    Suite {
        name: "the crashes",
        files: &[
            "crates/cosette-store/tests/it/crash.rs",
            "crates/cosette-store/tests/it/simulation/operation.rs",
        ],
    },
    Suite {
        name: "linearizability",
        files: &[
            "crates/cosette-store/tests/it/linearizability/system.rs",
            "crates/cosette-store/tests/it/linearizability/appends.rs",
        ],
    },
];

/// Operations that change nothing: the suites compare with them what the others did.
const READ: [&str; 18] = [
    "bucket",
    "bucket_document",
    "prefix_batch",
    "prefix_job",
    "prefix_job_left",
    "prefix_jobs",
    "buckets",
    "directory_row",
    "directory_rows",
    "list_objects",
    "list_parts",
    "list_uploads",
    "list_versions",
    "object",
    "parts_of",
    "read",
    "stage",
    "stage_as",
];

/// Operations that are not in a suite, and why.
const APART: [(&str, &str, &str); 28] = [
    (
        "delete_bucket",
        "the model",
        "a run keeps its buckets; buckets.rs and races.rs delete them",
    ),
    (
        "discard",
        "the model",
        "frees what was never published; see the tests of staging",
    ),
    (
        "discard",
        "the crashes",
        "what is left is freed as after any crash before a publication",
    ),
    (
        "discard",
        "linearizability",
        "changes nothing that a client sees",
    ),
    ("create_bucket", "the model", "every run begins with it"),
    (
        "create_bucket",
        "the crashes",
        "`a_bucket_made_changed_and_deleted` calls it by a helper",
    ),
    (
        "create_bucket",
        "linearizability",
        "objects are what clients race for; buckets have races of their own",
    ),
    (
        "delete_bucket",
        "linearizability",
        "objects are what clients race for; buckets have races of their own",
    ),
    (
        "set_versioning",
        "linearizability",
        "histories are of one state of versioning",
    ),
    (
        "abort_upload",
        "linearizability",
        "uploads in a history belong to one client each; races.rs aborts",
    ),
    (
        "change_directory",
        "the model",
        "rows that no other operation reads or writes; directory.rs has their tests",
    ),
    (
        "change_directory",
        "linearizability",
        "one conditional commit of rows of its own; directory.rs shows that a stale one changes nothing",
    ),
    (
        "start_prefix_job",
        "the model",
        "the model knows single operations; jobs are compared in simulation/prefix_jobs.rs",
    ),
    (
        "start_prefix_job",
        "the crashes",
        "jobs have a crash test of their own, simulation/prefix_jobs.rs, that cuts the power at every access",
    ),
    (
        "start_prefix_job",
        "linearizability",
        "a job promises order for each object only, not one instant",
    ),
    (
        "cancel_prefix_job",
        "the model",
        "the model knows single operations; jobs are compared in simulation/prefix_jobs.rs",
    ),
    (
        "cancel_prefix_job",
        "the crashes",
        "jobs have a crash test of their own, simulation/prefix_jobs.rs, that cuts the power at every access",
    ),
    (
        "cancel_prefix_job",
        "linearizability",
        "a job promises order for each object only, not one instant",
    ),
    (
        "fail_prefix_job",
        "the model",
        "the model knows single operations; jobs are compared in simulation/prefix_jobs.rs",
    ),
    (
        "fail_prefix_job",
        "the crashes",
        "jobs have a crash test of their own, simulation/prefix_jobs.rs, that cuts the power at every access",
    ),
    (
        "fail_prefix_job",
        "linearizability",
        "a job promises order for each object only, not one instant",
    ),
    (
        "advance_prefix_job",
        "the model",
        "the model knows single operations; jobs are compared in simulation/prefix_jobs.rs",
    ),
    (
        "advance_prefix_job",
        "the crashes",
        "jobs have a crash test of their own, simulation/prefix_jobs.rs, that cuts the power at every access",
    ),
    (
        "advance_prefix_job",
        "linearizability",
        "a job promises order for each object only, not one instant",
    ),
    (
        "set_bucket_document",
        "linearizability",
        "objects are what clients race for; schedules.rs has two writers and a reader of one document",
    ),
    (
        "restore_object",
        "linearizability",
        "what it answers depends on the time as well; it is one write of one version's row, as `set_object_tags`, which is there",
    ),
    (
        "set_object_acl",
        "linearizability",
        "one write of one version's row, as `set_object_tags`, which is there",
    ),
    (
        "set_bucket_acl",
        "linearizability",
        "objects are what clients race for; it is one write of the row that every write of an object checks",
    ),
];

/// Operations in whose files no bug is planted, and the bug below them that would be theirs.
const PLANTED_BELOW: [(&str, &str); 9] = [
    ("put_object", "NoHeadCheck"),
    ("delete_object", "NoMark"),
    ("delete_object_if", "NoMark"),
    ("initiate_upload", "BlindToBatch"),
    ("restore_object", "NoHeadCheck"),
    ("set_object_acl", "NoHeadCheck"),
    ("set_versioning", "BlindToBatch"),
    ("set_bucket_acl", "BlindToBatch"),
    ("set_bucket_document", "BlindToBatch"),
];

/// Operations that a suite never calls, and those without a planted bug.
pub(crate) fn problems(sources: &[Source]) -> Vec<String> {
    let mut problems = Vec::new();
    for (operation, home) in operations(sources) {
        let name = operation.as_str();
        if READ.contains(&name) {
            continue;
        }
        problems.extend(without_bug(name, home, sources));
        for Suite { name: suite, files } in SUITES {
            let call = format!(".{name}(");
            let called = sources
                .iter()
                .any(|source| files.contains(&source.path.as_str()) && source.text.contains(&call));
            let excused = APART
                .iter()
                .any(|(one, from, _)| *one == name && *from == suite);
            if !called && !excused {
                problems.push(format!(
                    "`Store::{name}` is not in {suite}: call it in {}, or say in xtask/src/joined.rs why not",
                    files.join(" or ")
                ));
            }
            if called && excused {
                problems.push(format!(
                    "`Store::{name}` is in {suite}, and xtask/src/joined.rs says why not"
                ));
            }
        }
    }
    problems
}

/// What is wrong with an operation's planted bug.
fn without_bug(name: &str, home: &Source, sources: &[Source]) -> Option<String> {
    let own = home.text.contains("Bug::");
    let below = PLANTED_BELOW.iter().find(|(one, _)| *one == name);
    match (own, below) {
        (true, None) => None,
        (true, Some(_)) => Some(format!(
            "`Store::{name}` has a bug of its own, and xtask/src/joined.rs names another"
        )),
        (false, None) => Some(format!(
            "`Store::{name}` has no planted bug: plant one in {}, or name one below it in xtask/src/joined.rs",
            home.path
        )),
        (false, Some((_, bug))) => {
            let line = format!("    {bug},");
            let known =
                |source: &Source| source.path == BUGS && source.text.lines().any(|one| one == line);
            let missing = !sources.iter().any(known);
            missing.then(|| format!("xtask/src/joined.rs: no bug is called {bug}"))
        }
    }
}

/// The methods that the operations' files give to the store, and the files.
fn operations(sources: &[Source]) -> Vec<(String, &Source)> {
    let files = sources
        .iter()
        .filter(|source| source.path.starts_with(OPERATIONS));
    let mut found = Vec::new();
    for source in files {
        let mut inside = false;
        for line in source.text.lines() {
            if !line.starts_with(' ') && !line.is_empty() {
                inside = line == "impl Store {";
            }
            if let Some(rest) = line.strip_prefix("    pub async fn ").filter(|_| inside) {
                let name = rest.split(['(', '<']).next().unwrap_or_default();
                found.push((name.to_owned(), source));
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str, text: &str) -> Source {
        Source {
            path: path.to_owned(),
            text: text.to_owned(),
        }
    }

    #[test]
    fn an_operation_that_no_suite_calls_is_a_problem() {
        let made = "impl Store {\n    pub async fn append<S>(&self) { Bug::Its }\n}\nimpl Core {\n    pub async fn x() {}\n}\n";
        let append = file("crates/cosette-store/src/ops/append.rs", made);
        let found = operations(std::slice::from_ref(&append));
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].0, "append");
        let simulated = file(
            "crates/cosette-store/tests/it/simulation/operation.rs",
            "store.append(request)",
        );
        let told = problems(&[append, simulated]);
        assert_eq!(told.len(), 1, "{told:?}");
        assert!(told[0].contains("not in linearizability"), "{told:?}");
    }

    #[test]
    fn an_operation_without_a_planted_bug_is_a_problem() {
        let home = |text: &str| file("crates/cosette-store/src/ops/x.rs", text);
        let bugs = [file(BUGS, "    /// x\n    NoMark,\n")];
        let wrong = |name, home: &Source, bugs| without_bug(name, home, bugs).is_some();
        assert!(!wrong("new", &home("Bug::New.is_planted()"), &bugs));
        assert!(wrong("new", &home(""), &bugs));
        assert!(!wrong("delete_object", &home(""), &bugs));
        // Named and not there, and named although it has its own.
        assert!(wrong("delete_object", &home(""), &[]));
        assert!(wrong("delete_object", &home("Bug::New"), &bugs));
    }
}
