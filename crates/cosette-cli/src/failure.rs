//! What a command says when it did not do what was asked: a sentence, a kind, an exit code.
//!
//! Scripts read the exit code and, with `--output json`, the error object; people read the sentence.
//! No failure carries a secret: sentences are made from names, codes and the server's words only.

use std::fmt;

use cosette::ErrorKind;
use serde_json::{Map, Value, json};

/// What a caller would do differently: each has its own exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The service refused or failed in a way that has no code of its own here.
    Failed,
    /// The command line, a name or the configuration is wrong; nothing was sent.
    Usage,
    /// No such bucket, key, version or upload.
    NotFound,
    /// Not allowed, or not who one says one is.
    Denied,
    /// A condition did not hold, or something exists already.
    Precondition,
    /// The service could not be reached, or the connection broke.
    Network,
    /// Some of it was done and some was not: nothing was lost, and both are reported.
    Partial,
    /// The object is in an archive class and was not restored.
    Archived,
    /// A file or folder of this machine.
    Local,
    /// The user ended it.
    Interrupted,
}

impl Kind {
    /// Every kind with its exit code, its name in JSON and what it means, for the help.
    pub(crate) const TABLE: [(Self, u8, &'static str, &'static str); 10] = [
        (Self::Failed, 1, "failed", "the service refused or failed"),
        (
            Self::Usage,
            2,
            "usage",
            "wrong command line, name or configuration; nothing was sent",
        ),
        (
            Self::NotFound,
            3,
            "notFound",
            "no such bucket, key, version or upload",
        ),
        (
            Self::Denied,
            4,
            "denied",
            "not allowed, or the signature was not accepted",
        ),
        (
            Self::Precondition,
            5,
            "precondition",
            "a condition did not hold, or it exists already",
        ),
        (
            Self::Network,
            6,
            "network",
            "the service could not be reached",
        ),
        (
            Self::Partial,
            7,
            "partial",
            "some was done and some was not; each failure is reported",
        ),
        (
            Self::Archived,
            8,
            "archived",
            "the object is archived and must be restored first",
        ),
        (Self::Local, 9, "local", "a file or folder on this machine"),
        (Self::Interrupted, 130, "interrupted", "ended by Ctrl-C"),
    ];

    fn row(self) -> (Self, u8, &'static str, &'static str) {
        let row = Self::TABLE.into_iter().find(|(kind, ..)| *kind == self);
        row.expect("the table has a row for each kind")
    }

    /// The exit code.
    pub(crate) fn exit_code(self) -> u8 {
        self.row().1
    }

    /// The name in JSON.
    pub(crate) fn name(self) -> &'static str {
        self.row().2
    }
}

/// What the service answered, for the error object.
#[derive(Debug, Clone, Default)]
pub(crate) struct Answer {
    pub(crate) status: Option<u16>,
    pub(crate) headers: Option<Value>,
    pub(crate) code: Option<String>,
    pub(crate) message: Option<String>,
    pub(crate) request_id: Option<String>,
}

/// A command that did not do what was asked.
#[derive(Debug, Clone)]
pub(crate) struct Failure {
    kind: Kind,
    sentence: String,
    answer: Option<Box<Answer>>,
    /// What was done nevertheless; set when part of the work is done.
    report: Option<Value>,
    /// Nobody reads the output any more: nothing is wrong, and there is no one to tell.
    silent: bool,
}

/// What every step of a command gives back.
pub(crate) type Result<T> = std::result::Result<T, Failure>;

impl Failure {
    pub(crate) fn new(kind: Kind, sentence: impl Into<String>) -> Self {
        Self {
            kind,
            sentence: sentence.into(),
            answer: None,
            report: None,
            silent: false,
        }
    }

    /// The reader of our output went away.
    pub(crate) fn closed_pipe() -> Self {
        let mut failure = Self::new(Kind::Local, "nobody reads the output any more");
        failure.silent = true;
        failure
    }

    /// The user does not want it any more.
    pub(crate) fn interrupted() -> Self {
        Self::new(
            Kind::Interrupted,
            "interrupted; what was under way may be half done",
        )
    }

    /// The same, where nobody waited for what clears up.
    pub(crate) fn leaving_parts(mut self) -> Self {
        self.sentence.push_str(
            ". Parts that were sent stay until they are aborted: cosette ls --uploads cos://BUCKET shows their \
             uploads, cosette api abort-multipart-upload removes one",
        );
        self
    }

    /// Whether it ends the program without a word.
    pub(crate) const fn is_silent(&self) -> bool {
        self.silent
    }

    pub(crate) fn usage(sentence: impl Into<String>) -> Self {
        Self::new(Kind::Usage, sentence)
    }

    /// About a file or folder of this machine.
    pub(crate) fn local(what: impl fmt::Display, why: impl fmt::Display) -> Self {
        Self::new(Kind::Local, format!("{what}: {why}"))
    }

    pub(crate) fn with_answer(mut self, answer: Answer) -> Self {
        self.answer = Some(Box::new(answer));
        self
    }

    pub(crate) fn with_report(mut self, report: Value) -> Self {
        self.report = Some(report);
        self
    }

    /// The same failure of another kind: what was a plain refusal may have left work half done.
    pub(crate) fn of_kind(mut self, kind: Kind) -> Self {
        self.kind = kind;
        self
    }

    /// The same failure, with what was being done before its sentence.
    pub(crate) fn during(mut self, what: impl fmt::Display) -> Self {
        self.sentence = format!("{what}: {}", self.sentence);
        self
    }

    pub(crate) const fn kind(&self) -> Kind {
        self.kind
    }

    pub(crate) fn sentence(&self) -> &str {
        &self.sentence
    }

    /// The error object: `statusCode`, `headers`, `code`, `message`, `requestId`, `kind`; what is
    /// not known is absent.
    pub(crate) fn to_json(&self) -> Value {
        let mut object = Map::new();
        if let Some(answer) = &self.answer {
            let fields = [
                ("statusCode", answer.status.map(Value::from)),
                ("headers", answer.headers.clone()),
                ("code", answer.code.clone().map(Value::from)),
                ("requestId", answer.request_id.clone().map(Value::from)),
            ];
            for (name, value) in fields {
                if let Some(value) = value {
                    object.insert(name.to_owned(), value);
                }
            }
        }
        let told = self
            .answer
            .as_ref()
            .and_then(|answer| answer.message.clone());
        let told = told.unwrap_or_else(|| self.sentence.clone());
        object.insert("message".to_owned(), json!(told));
        object.insert("error".to_owned(), json!(self.sentence));
        object.insert("kind".to_owned(), json!(self.kind.name()));
        object.insert("exitCode".to_owned(), json!(self.kind.exit_code()));
        if let Some(report) = &self.report {
            object.insert("report".to_owned(), report.clone());
        }
        Value::Object(object)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.sentence)
    }
}

impl From<cosette_types::Error> for Failure {
    fn from(error: cosette_types::Error) -> Self {
        Self::usage(error.to_string())
    }
}

impl From<cosette::Error> for Failure {
    fn from(error: cosette::Error) -> Self {
        let answer = Answer {
            status: error.status(),
            headers: error
                .status()
                .map(|_| crate::fields::headers(error.headers())),
            code: error.code().map(str::to_owned),
            message: Some(error.message().to_owned()),
            request_id: error.request_id().map(str::to_owned),
        };
        Self::new(kind_of(error.kind()), error.to_string()).with_answer(answer)
    }
}

fn kind_of(kind: ErrorKind) -> Kind {
    match kind {
        ErrorKind::Invalid => Kind::Usage,
        ErrorKind::Network | ErrorKind::Timeout => Kind::Network,
        ErrorKind::Denied => Kind::Denied,
        ErrorKind::NotFound(_) => Kind::NotFound,
        ErrorKind::PreconditionFailed | ErrorKind::Conflict => Kind::Precondition,
        ErrorKind::Archived => Kind::Archived,
        // Plans and journals are files of this machine.
        ErrorKind::Local | ErrorKind::Damaged => Kind::Local,
        _ => Kind::Failed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_has_its_own_code_and_name() {
        let mut codes: Vec<u8> = Kind::TABLE.iter().map(|row| row.1).collect();
        let mut names: Vec<&str> = Kind::TABLE.iter().map(|row| row.2).collect();
        codes.dedup();
        names.sort_unstable();
        names.dedup();
        assert_eq!(
            (codes.len(), names.len()),
            (Kind::TABLE.len(), Kind::TABLE.len())
        );
        assert!(!codes.contains(&0));
    }

    #[test]
    fn absent_facts_are_absent_in_json() {
        let plain = Failure::usage("no").to_json();
        assert_eq!(
            plain,
            json!({"message": "no", "error": "no", "kind": "usage", "exitCode": 2})
        );
    }
}
