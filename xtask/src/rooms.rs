//! Rooms open only onto their neighbours, and some crates never come into some rooms.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::exec::Result;

/// One of our crates and the rule for it.
struct Room {
    name: &'static str,
    /// The rooms of ours that its library or binary may use.
    opens_onto: &'static [&'static str],
    /// The rooms of ours that its tests may use besides.
    tests_also: &'static [&'static str],
    /// Crates that may not be reached from it at all, however far.
    never: &'static [&'static str],
    /// Crates that it may not name itself.
    not_itself: &'static [&'static str],
}

const ASYNC_AND_SOCKETS: [&str; 4] = ["tokio", "hyper", "hyper-util", "mio"];

const ROOMS: [Room; 13] = [
    Room {
        name: "cosette-types",
        opens_onto: &[],
        tests_also: &[],
        never: &[
            "tokio",
            "hyper",
            "hyper-util",
            "mio",
            "http",
            "serde",
            "quick-xml",
            "getrandom",
        ],
        not_itself: &[],
    },
    Room {
        name: "cosette-md5",
        opens_onto: &[],
        tests_also: &[],
        // It is the one room with unsafe code, so there is nothing in it but arithmetic.
        never: &[
            "tokio",
            "hyper",
            "hyper-util",
            "mio",
            "http",
            "bytes",
            "serde",
            "getrandom",
        ],
        not_itself: &["md-5"],
    },
    Room {
        name: "cosette-proto",
        opens_onto: &["cosette-types"],
        tests_also: &[],
        never: &ASYNC_AND_SOCKETS,
        not_itself: &["getrandom", "tracing"],
    },
    Room {
        name: "cosette-store",
        opens_onto: &["cosette-md5", "cosette-types"],
        tests_also: &[],
        // Nothing is signed here; SHA-1 it reaches as one of the checksums that uploads have.
        never: &["hyper", "hyper-util", "http", "quick-xml", "hmac"],
        not_itself: &["percent-encoding", "base64", "sha1"],
    },
    Room {
        name: "cosette-server",
        opens_onto: &["cosette-proto", "cosette-store", "cosette-types"],
        tests_also: &["cosette", "cosette-testkit"],
        never: &["clap", "indicatif"],
        not_itself: &["quick-xml", "fjall", "hmac", "sha1"],
    },
    Room {
        name: "cosette",
        opens_onto: &["cosette-proto", "cosette-types"],
        tests_also: &["cosette-server", "cosette-testkit"],
        never: &[
            "clap",
            "indicatif",
            "fjall",
            "cosette-store",
            "cosette-server",
        ],
        not_itself: &["quick-xml", "hmac", "sha1"],
    },
    Room {
        name: "cosette-cli",
        opens_onto: &[
            "cosette",
            "cosette-bench",
            "cosette-server",
            "cosette-types",
        ],
        tests_also: &["cosette-testkit"],
        never: &[],
        not_itself: &["fjall", "quick-xml", "hmac", "sha1", "hyper"],
    },
    Room {
        name: "cosette-bench",
        opens_onto: &["cosette", "cosette-proto", "cosette-types"],
        tests_also: &["cosette-server"],
        never: &["fjall", "cosette-store", "cosette-server"],
        not_itself: &["quick-xml", "hmac", "sha1"],
    },
    Room {
        name: "cosette-crashbox",
        // It meets the program as a user does, and nothing of what is inside.
        opens_onto: &["cosette"],
        tests_also: &[],
        never: &["fjall", "cosette-store", "cosette-server"],
        not_itself: &[],
    },
    Room {
        name: "cosette-fuzz",
        opens_onto: &[
            "cosette",
            "cosette-proto",
            "cosette-server",
            "cosette-store",
            "cosette-types",
        ],
        tests_also: &[],
        never: &[],
        not_itself: &["quick-xml", "fjall", "hmac"],
    },
    Room {
        name: "cosette-testkit",
        opens_onto: &[],
        tests_also: &[],
        never: &["cosette-store", "hyper"],
        not_itself: &[],
    },
    Room {
        // Clients that others made meet the server as their users do, over a socket.
        name: "cosette-foreign",
        opens_onto: &[],
        tests_also: &["cosette", "cosette-server"],
        never: &[],
        not_itself: &[],
    },
    Room {
        name: "xtask",
        opens_onto: &[],
        tests_also: &[],
        never: &ASYNC_AND_SOCKETS,
        not_itself: &[],
    },
];

/// Every breach of the rules above in the output of `cargo metadata`.
pub(crate) fn breaches(metadata: &str) -> Result<Vec<String>> {
    let metadata: Value = serde_json::from_str(metadata)?;
    let ours = our_packages(&metadata);
    let reach = Reach::of(&metadata);
    let mut breaches = Vec::new();
    for (name, package) in &ours {
        let Some(room) = ROOMS.iter().find(|room| room.name == name) else {
            breaches.push(format!(
                "{name}: a room that xtask/src/rooms.rs does not know"
            ));
            continue;
        };
        for (dependency, kind) in declared(package) {
            let in_tests = kind == "dev";
            let known = ours.contains_key(dependency);
            let allowed = room.opens_onto.contains(&dependency)
                || (in_tests && (room.tests_also.contains(&dependency) || dependency == room.name));
            if known && !allowed {
                let place = if in_tests { "its tests may" } else { "it may" };
                let what = room.opens_onto.join(", ");
                breaches.push(format!(
                    "{name} opens onto {dependency}; {place} only use: {what}"
                ));
            }
            if !in_tests && room.not_itself.contains(&dependency) {
                breaches.push(format!(
                    "{name} uses {dependency}, which belongs in another room"
                ));
            }
        }
        let reached = reach.from(name);
        for never in room.never.iter().filter(|never| reached.contains(**never)) {
            breaches.push(format!("{name} reaches {never} through its dependencies"));
        }
    }
    Ok(breaches)
}

fn our_packages(metadata: &Value) -> BTreeMap<String, &Value> {
    let packages = list(metadata, "packages");
    let ours = packages.filter(|package| text(package, "source").is_empty());
    ours.map(|package| (text(package, "name").to_owned(), package))
        .collect()
}

/// The dependencies a package names, each with its kind: empty for normal, else `dev` or `build`.
fn declared(package: &Value) -> impl Iterator<Item = (&str, &str)> {
    list(package, "dependencies").map(|one| (text(one, "name"), text(one, "kind")))
}

/// What is reached over normal dependencies, by package id.
struct Reach<'a> {
    names: BTreeMap<&'a str, &'a str>,
    edges: BTreeMap<&'a str, Vec<&'a str>>,
}

impl<'a> Reach<'a> {
    fn of(metadata: &'a Value) -> Self {
        let names = list(metadata, "packages");
        let names = names
            .map(|package| (text(package, "id"), text(package, "name")))
            .collect();
        let nodes = metadata
            .get("resolve")
            .map(|resolve| list(resolve, "nodes"));
        let edges = nodes
            .into_iter()
            .flatten()
            .map(|node| (text(node, "id"), normal(node)));
        Self {
            names,
            edges: edges.collect(),
        }
    }

    fn from(&self, name: &str) -> BTreeSet<&'a str> {
        let start = self
            .names
            .iter()
            .filter(|(_, known)| **known == name)
            .map(|(id, _)| *id);
        let mut open: Vec<&str> = start.collect();
        let mut seen = BTreeSet::new();
        while let Some(id) = open.pop() {
            for next in self.edges.get(id).into_iter().flatten() {
                if seen.insert(*next) {
                    open.push(next);
                }
            }
        }
        seen.into_iter()
            .filter_map(|id| self.names.get(id).copied())
            .collect()
    }
}

fn normal(node: &Value) -> Vec<&str> {
    let edges = list(node, "deps");
    let edges =
        edges.filter(|edge| list(edge, "dep_kinds").any(|kind| text(kind, "kind").is_empty()));
    edges.map(|edge| text(edge, "pkg")).collect()
}

fn list<'a>(value: &'a Value, name: &str) -> impl Iterator<Item = &'a Value> {
    value
        .get(name)
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
}

/// A text field; absent and null alike are empty.
fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value.get(name).and_then(Value::as_str).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A workspace of two packages in which `name` depends on `on` (of the kind given).
    fn workspace(name: &str, on: &str, kind: &str) -> String {
        let source = if on.starts_with("cosette") {
            "null"
        } else {
            "\"registry\""
        };
        let kind = if kind.is_empty() {
            "null".to_owned()
        } else {
            format!("\"{kind}\"")
        };
        format!(
            r#"{{"packages":[
                {{"name":"{name}","id":"a","source":null,"dependencies":[{{"name":"{on}","kind":{kind}}}]}},
                {{"name":"{on}","id":"b","source":{source},"dependencies":[]}}],
              "resolve":{{"nodes":[
                {{"id":"a","deps":[{{"pkg":"b","dep_kinds":[{{"kind":{kind}}}]}}]}},{{"id":"b","deps":[]}}]}}}}"#
        )
    }

    fn count(name: &str, on: &str, kind: &str) -> usize {
        breaches(&workspace(name, on, kind)).unwrap().len()
    }

    #[test]
    fn a_neighbour_is_open_and_a_stranger_is_not() {
        assert_eq!(count("cosette-proto", "cosette-types", ""), 0);
        assert_eq!(count("cosette-types", "cosette-proto", ""), 1);
        // Named and reached are two breaches of two rules.
        assert_eq!(count("cosette", "cosette-store", ""), 2);
    }

    #[test]
    fn client_and_server_meet_in_tests_only() {
        assert_eq!(count("cosette", "cosette-server", "dev"), 0);
        assert_eq!(count("cosette-server", "cosette", "dev"), 0);
        assert_eq!(count("cosette-server", "cosette", ""), 1);
        assert_eq!(count("cosette-store", "cosette-proto", "dev"), 1);
    }

    #[test]
    fn banned_crates_are_seen() {
        assert_eq!(count("cosette-types", "tokio", ""), 1);
        assert_eq!(count("cosette-types", "tokio", "dev"), 0);
        assert_eq!(count("cosette-cli", "fjall", ""), 1);
        assert_eq!(count("cosette-server", "tokio", ""), 0);
    }

    #[test]
    fn an_unknown_room_is_refused() {
        assert_eq!(count("cosette-extras", "bytes", ""), 1);
    }
}
