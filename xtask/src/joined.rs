//! Every operation of the store joins the suites that try to break it: the model, the crashes and the
//! linearizability check. One that does not says why here.

use crate::source::Source;

const OPERATIONS: &str = "crates/cosette-store/src/ops/";

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
const READ: [&str; 17] = [
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
    "read",
    "stage",
    "stage_as",
];

/// Operations that are not in a suite, and why.
const APART: [(&str, &str, &str); 26] = [
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
];

/// Changes of settings are one row each, which no other operation writes.
const SETTINGS: [&str; 2] = ["set_bucket_acl", "set_object_acl"];

/// Operations that a suite never calls.
pub(crate) fn problems(sources: &[Source]) -> Vec<String> {
    let mut problems = Vec::new();
    for operation in operations(sources) {
        let name = operation.as_str();
        if READ.contains(&name) || SETTINGS.contains(&name) {
            continue;
        }
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
        }
    }
    problems
}

/// The methods that the operations' files give to the store.
fn operations(sources: &[Source]) -> Vec<String> {
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
                found.push(name.to_owned());
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_operation_that_no_suite_calls_is_a_problem() {
        let file = |path: &str, text: &str| Source {
            path: path.to_owned(),
            text: text.to_owned(),
        };
        let made = "impl Store {\n    pub async fn append<S>(&self) {}\n}\nimpl Core {\n    pub async fn x() {}\n}\n";
        let append = file("crates/cosette-store/src/ops/append.rs", made);
        assert_eq!(operations(std::slice::from_ref(&append)), ["append"]);
        let simulated = file(
            "crates/cosette-store/tests/it/simulation/operation.rs",
            "store.append(request)",
        );
        let told = problems(&[append, simulated]);
        assert_eq!(told.len(), 1, "{told:?}");
        assert!(told[0].contains("not in linearizability"), "{told:?}");
    }
}
