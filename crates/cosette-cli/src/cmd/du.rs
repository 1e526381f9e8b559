//! `du`: how much lies under a name, by storage class or by folder.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::args::DuArgs;
use crate::connect::Connection;
use crate::failure::{Failure, Result};
use crate::output::{Output, Table, bytes};
use crate::select::{Candidate, Selection};
use crate::transfer::map::Under;

/// Folders that are told one by one; a bucket of a million folders is told in sum.
const FOLDERS_MAX: usize = 100_000;

#[derive(Debug, Clone, Copy, Default)]
struct Sum {
    objects: u64,
    bytes: u64,
}

impl Sum {
    fn add(&mut self, size: u64) {
        self.objects += 1;
        self.bytes = self.bytes.saturating_add(size);
    }
}

pub(super) async fn run(connection: &Connection, args: DuArgs, output: &Output) -> Result<()> {
    let under = Under::of(&args.name)?;
    let selection = Selection::new(&args.select, crate::clock::now())?;
    let client = connection.client_of(&args.name)?;
    let mut objects = client
        .get_bucket()
        .bucket(&under.bucket)
        .prefix(&under.prefix)
        .objects();
    let mut all = Sum::default();
    let mut parts: BTreeMap<String, Sum> = BTreeMap::new();
    while let Some(entry) = objects.next().await? {
        let key = entry.key.as_str();
        let name = under.relative(key);
        let candidate = Candidate {
            name,
            size: entry.size,
            modified: entry.last_modified,
        };
        if !under.takes(key) || !selection.takes(&candidate) {
            continue;
        }
        all.add(entry.size);
        let part = match args.depth {
            Some(depth) => folder(name, depth).to_owned(),
            None => entry.storage_class.to_string(),
        };
        if parts.len() == FOLDERS_MAX && !parts.contains_key(&part) {
            return Err(Failure::usage(format!(
                "{}: more than {FOLDERS_MAX} folders at this depth; give a smaller --depth",
                args.name
            )));
        }
        parts.entry(part).or_default().add(entry.size);
    }
    tell(&args, all, &parts, output)
}

/// The first `depth` folders of a name; what lies higher is in the folder above.
fn folder(name: &str, depth: usize) -> &str {
    let mut slashes = name.match_indices('/').map(|(at, _)| at + 1);
    let end = slashes.by_ref().take(depth).last().unwrap_or(0);
    name.get(..end).unwrap_or_default()
}

fn tell(args: &DuArgs, all: Sum, parts: &BTreeMap<String, Sum>, output: &Output) -> Result<()> {
    let entry = |name: &str, sum: &Sum| {
        let name_of = if args.depth.is_some() {
            "Folder"
        } else {
            "StorageClass"
        };
        json!({ name_of: name, "Objects": sum.objects, "Bytes": sum.bytes })
    };
    let json = json!({
        "Name": args.name.to_string(),
        "Objects": all.objects,
        "Bytes": all.bytes,
        "Parts": parts.iter().map(|(name, sum)| entry(name, sum)).collect::<Vec<Value>>(),
    });
    let mut table = Table::plain(">><");
    for (name, sum) in parts {
        table.row([bytes(sum.bytes), sum.objects.to_string(), name.clone()]);
    }
    table.row([
        bytes(all.bytes),
        all.objects.to_string(),
        args.name.to_string(),
    ]);
    output.result(&table.text(), &json)
}

#[cfg(test)]
mod tests {
    use super::folder;

    #[test]
    fn a_name_lies_in_its_first_folders() {
        assert_eq!(folder("a/b/c.jpg", 1), "a/");
        assert_eq!(folder("a/b/c.jpg", 2), "a/b/");
        assert_eq!(folder("a/b/c.jpg", 9), "a/b/");
        assert_eq!(folder("c.jpg", 1), "");
        assert_eq!(folder("a/b", 0), "");
    }
}
