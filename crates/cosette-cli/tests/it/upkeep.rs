//! `fsck`, `scrub`, `export` and `import`, with and without a server that has the folder.

use std::path::Path;

use crate::world::{World, cos, noise};

/// A folder's objects with their properties; when they were written is kept, too.
fn objects(world: &World, folder: &Path) -> String {
    let folder = folder.to_str().unwrap();
    let listed = world.ok(&[
        "ls",
        "-r",
        "-l",
        &cos(""),
        "--data",
        folder,
        "--output",
        "json",
    ]);
    listed.stdout
}

#[test]
fn a_store_in_use_is_exported_and_becomes_another() {
    let world = World::with_bucket();
    let server = world.serve();
    world.put("tiny", "sand");
    world.put("large", noise(2_000_000));
    world.ok(&["cp", &cos("large"), &cos("copy")]);
    let file = world.path("backup.cosette");
    let file = file.to_str().unwrap();
    let exported = world.json(&["export", "-o", file]);
    let bytes = exported["bytes"].as_u64().unwrap();
    // Both copies are in it once.
    assert!(bytes > 2_000_000 && bytes < 2_100_000, "{exported}");
    assert_eq!(world.json(&["fsck", "--read-bytes"])["clean"], true);
    let scrubbed = world.json(&["scrub", "--rate", "1GiB"]);
    assert_eq!(
        (&scrubbed["clean"], &scrubbed["extents"]),
        (&true.into(), &2.into())
    );
    assert_eq!(server.stop(), Some(0));

    let restored = world.path("restored");
    let folder = restored.to_str().unwrap();
    let imported = world.json(&["import", file, "--data", folder]);
    assert_eq!(imported["bytes"], 2_000_000);
    assert_eq!(objects(&world, &restored), objects(&world, &world.data()));
    assert_eq!(
        world.json(&["fsck", "--read-bytes", "--data", folder])["clean"],
        true
    );
    // A second time there is something already.
    let refused = world.refused(9, &["import", file, "--data", folder]);
    assert!(refused.to_string().contains("not empty"), "{refused}");
    // Through a pipe, as to another machine.
    let piped = world.run(&["export"]);
    assert_eq!(piped.code, 0, "{}", piped.stderr);
}

#[test]
fn a_damaged_export_makes_no_store() {
    let world = World::with_bucket();
    world.put("large", noise(300_000));
    let path = world.path("backup.cosette");
    let file = path.to_str().unwrap();
    world.ok(&["export", "-o", file]);
    let whole = std::fs::read(&path).unwrap();
    let folder = world.path("restored");
    let folder = folder.to_str().unwrap();
    std::fs::write(&path, &whole[..whole.len() / 2]).unwrap();
    let refused = world.refused(9, &["import", file, "--data", folder]);
    assert!(refused.to_string().contains("ends too early"), "{refused}");
    let refused = world.refused(9, &["ls", "--data", folder]);
    assert!(refused.to_string().contains("did not finish"), "{refused}");
    std::fs::write(&path, "something else altogether, and long enough").unwrap();
    let other = world.path("other");
    let refused = world.refused(9, &["import", file, "--data", other.to_str().unwrap()]);
    assert!(refused.to_string().contains("no export"), "{refused}");
}

#[test]
fn the_scrub_names_what_is_damaged() {
    let world = World::with_bucket();
    let bytes = noise(300_000);
    world.put("large", &bytes);
    world.ok(&["cp", &cos("large"), &cos("copy")]);
    let extents = world.data().join("extents");
    let segment = std::fs::read_dir(extents).unwrap();
    let begins = |stored: &[u8]| stored.windows(32).position(|window| *window == bytes[..32]);
    let (segment, mut stored, at) = segment
        .map(|entry| entry.unwrap().path())
        .find_map(|path| {
            let stored = std::fs::read(&path).unwrap();
            begins(&stored).map(|at| (path, stored, at))
        })
        .unwrap();
    stored[at + 100] ^= 4;
    std::fs::write(&segment, &stored).unwrap();
    let scrubbed = world.run(&["scrub"]);
    assert_eq!(scrubbed.code, 1, "{}", scrubbed.stdout);
    for key in ["large", "copy"] {
        let line = format!("{} version null", cos(key));
        assert!(scrubbed.stdout.contains(&line), "{}", scrubbed.stdout);
    }
}
