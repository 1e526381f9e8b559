//! One folder, several processes: who comes second joins, who is killed leaves the store whole.

use std::io::Read;
use std::process::Stdio;

use crate::world::{World, cos, noise, text};

#[test]
fn cat_and_cp_share_the_folder_in_one_pipe() {
    let world = World::with_bucket();
    let bytes = noise(40 << 20);
    let file = world.file("big", &bytes);
    world.ok(&["cp", &file, &cos("a")]);
    for _ in 0..3 {
        let mut cat = world.command(&["cat", &cos("a")]);
        let mut cat = cat
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut cp = world.command(&["cp", "-", &cos("b")]);
        let cp = cp.stdin(cat.stdout.take().unwrap()).output().unwrap();
        let cat = cat.wait_with_output().unwrap();
        let told = String::from_utf8_lossy(&cat.stderr).into_owned()
            + &String::from_utf8_lossy(&cp.stderr);
        assert!(cat.status.success() && cp.status.success(), "{told}");
        assert_eq!(world.stat("b")["CRC64"], world.stat("a")["CRC64"]);
    }
}

#[test]
fn commands_join_a_server_that_has_the_folder() {
    let world = World::with_bucket();
    let server = world.serve();
    world.put("a", "by way of the socket");
    assert_eq!(world.bytes("a"), b"by way of the socket");
    world.ok(&["mv", &cos("a"), &cos("b")]);
    assert_eq!(server.stop(), Some(0));
    // The folder is free again.
    assert_eq!(world.bytes("b"), b"by way of the socket");
}

#[test]
fn a_server_whose_keys_are_in_its_environment_is_joined_with_the_same() {
    let keys = ("AKIDgiven", "given-secret-of-the-test");
    let world = World::new()
        .set("COSETTE_ROOT_SECRET_ID", keys.0)
        .set("COSETTE_ROOT_SECRET_KEY", keys.1);
    let server = world.serve();
    world.ok(&["mb", &cos("")]);
    world.put("a", "bytes");
    let mut stranger = world.command(&["ls"]);
    stranger
        .env_remove("COSETTE_ROOT_SECRET_ID")
        .env_remove("COSETTE_ROOT_SECRET_KEY");
    let stranger = stranger.output().unwrap();
    assert_eq!(stranger.status.code(), Some(4));
    let told = String::from_utf8(stranger.stderr).unwrap();
    assert!(
        told.contains("COSETTE_ROOT_SECRET_ID") && !told.contains(keys.1),
        "{told}"
    );
    assert_eq!(server.stop(), Some(0));
}

#[test]
fn many_at_once_lose_nothing() {
    let world = World::with_bucket();
    let children: Vec<_> = (0..8)
        .map(|number| {
            let file = world.file(&format!("f{number}"), noise(1000 + number));
            let mut command = world.command(&["cp", &file, &cos(&format!("k{number}"))]);
            command
                .stdout(Stdio::piped())
                .stderr(Stdio::piped())
                .spawn()
                .unwrap()
        })
        .collect();
    for child in children {
        let ran = child.wait_with_output().unwrap();
        assert!(
            ran.status.success(),
            "{}",
            String::from_utf8_lossy(&ran.stderr)
        );
    }
    let listed = world.json(&["ls", "-r", &cos("")]);
    assert_eq!(listed.as_array().unwrap().len(), 8);
}

#[test]
fn after_a_kill_the_next_command_works_and_the_store_is_whole() {
    let world = World::with_bucket();
    world.put("kept", "bytes");
    // It waits for standard input, and so holds the folder with an upload under way.
    let mut command = world.command(&["cp", "-", &cos("lost")]);
    let mut child = command
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    std::io::Write::write_all(&mut stdin, &noise(20 << 20)).unwrap();
    // Somebody who joins sees that the holder is there.
    assert_eq!(world.bytes("kept"), b"bytes");
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(!world.has("lost"));
    assert_eq!(world.bytes("kept"), b"bytes");
    world.put("after", "more");
    let checked = world.run(&["fsck"]);
    assert_eq!(checked.code, 0, "{}{}", checked.stdout, checked.stderr);
}

#[test]
fn the_folder_and_its_key_are_the_owners_only() {
    let world = World::with_bucket();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = |name: &str| {
            world
                .data()
                .join(name)
                .metadata()
                .unwrap()
                .permissions()
                .mode()
                & 0o777
        };
        assert_eq!((mode(""), mode("root-key.json")), (0o700, 0o600));
    }
    let key = std::fs::read(world.data().join("root-key.json")).unwrap();
    let key: serde_json::Value = serde_json::from_slice(&key).unwrap();
    let secret = text(&key, "secret_key");
    for args in [
        &["config", "show"][..],
        &["stat", &cos("none")],
        &["demo"],
        &["ls", "-l"],
        &["api", "get-service", "--output", "json"],
    ] {
        world.file("something", "to work on");
        let ran = world.run(args);
        assert!(
            !ran.stdout.contains(secret) && !ran.stderr.contains(secret),
            "{args:?}"
        );
    }
}

#[test]
fn a_reader_that_goes_away_ends_cat_quietly() {
    let world = World::with_bucket();
    let file = world.file("big", noise(20 << 20));
    world.ok(&["cp", &file, &cos("a")]);
    let mut cat = world.command(&["cat", &cos("a")]);
    let mut cat = cat
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut first = [0; 10];
    cat.stdout.take().unwrap().read_exact(&mut first).unwrap();
    let ended = cat.wait_with_output().unwrap();
    assert_eq!(String::from_utf8_lossy(&ended.stderr), "");
}
