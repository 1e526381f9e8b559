//! The configuration file: made, changed, shown, and never shown whole.

use crate::world::{World, text};

const SECRET: &str = "very-secret-key-of-this-test";

#[test]
fn a_profile_is_made_from_standard_input_and_used() {
    let world = World::new();
    let keys = format!("AKIDexample\n{SECRET}\n");
    let made = world.run_with(
        &[
            "config",
            "init",
            "--profile",
            "lab",
            "--endpoint",
            "http://127.0.0.1:9",
            "--region",
            "ap-beijing",
        ],
        keys.as_bytes(),
    );
    assert_eq!(made.code, 0, "{}", made.stderr);
    let path = world.ok(&["config", "path"]).stdout;
    let file = std::path::Path::new(path.trim_end());
    assert!(file.starts_with(world.path(".config")));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    }
    let shown = world.json(&["config", "show", "--profile", "lab"]);
    assert_eq!(
        (text(&shown, "endpoint"), text(&shown, "region")),
        ("http://127.0.0.1:9", "ap-beijing")
    );
    assert!(text(&shown, "keys").starts_with("AKIDexample"), "{shown}");
    for ran in [&made, &world.ok(&["config", "show", "--profile", "lab"])] {
        assert!(!ran.stdout.contains(SECRET) && !ran.stderr.contains(SECRET));
    }
    world.ok(&["config", "set", "profile", "lab"]);
    assert_eq!(world.json(&["config", "show"])["profile"], "lab");
    world.ok(&["config", "set", "region", "ap-nanjing"]);
    assert_eq!(world.json(&["config", "show"])["region"], "ap-nanjing");
    assert_eq!(
        world.refused(2, &["config", "set", "endpoint", "nowhere"])["kind"],
        "usage"
    );
    assert_eq!(
        world.refused(2, &["config", "set", "profile", "none"])["kind"],
        "usage"
    );
    // Nobody listens there: the profile is what was used.
    assert_eq!(world.refused(6, &["api", "get-service"])["kind"], "network");
}

#[test]
fn secrets_are_not_taken_from_the_command_line() {
    let world = World::new();
    for args in [
        &["config", "set", "secret_key", SECRET][..],
        &["config", "set", "token", SECRET],
    ] {
        let ran = world.run(args);
        assert_eq!(ran.code, 2);
        assert!(
            !ran.stderr.contains(SECRET) && ran.stderr.contains("standard input"),
            "{}",
            ran.stderr
        );
    }
    assert_eq!(world.run(&["ls", "--secret-key", SECRET]).code, 2);
    let set = world.run_with(&["config", "set", "secret_key"], SECRET.as_bytes());
    assert_eq!(set.code, 0, "{}", set.stderr);
    let shown = world.ok(&["config", "show"]);
    assert!(!shown.stdout.contains(SECRET));
}

#[cfg(unix)]
#[test]
fn a_file_that_others_may_read_is_told() {
    use std::os::unix::fs::PermissionsExt;
    let world = World::new()
        .set("COSETTE_SECRET_ID", "AKIDe")
        .set("COSETTE_SECRET_KEY", SECRET);
    world.ok(&["config", "init", "--from-env", "--profile", "a"]);
    let path = world.path(".config/cosette/config.toml");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
    let ran = world.ok(&["ls"]);
    assert!(
        ran.stderr.contains("chmod 600") && !ran.stderr.contains(SECRET),
        "{}",
        ran.stderr
    );
}

#[test]
fn nothing_configured_is_the_embedded_store() {
    let shown = World::new().json(&["config", "show"]);
    assert_eq!(
        (text(&shown, "place"), text(&shown, "keys")),
        ("embedded store", "the folder's own")
    );
}

/// The steps of the README: serve, point the command at it, plan a move, have it killed, resume it.
#[test]
fn a_newcomer_points_the_command_at_a_server_and_carries_a_move_on() {
    let home = World::new();
    let served = World::new();
    let server = served.serve();
    let told = home.refused(2, &["ls", "--endpoint", &server.url]);
    assert!(told.to_string().contains("root-key.json"), "{told}");
    let keys = served.data().join("root-key.json").display().to_string();
    let init = [
        "config",
        "init",
        "--profile",
        "lab",
        "--endpoint",
        &server.url,
        "--key-file",
        &keys,
    ];
    let made = home.ok(&init);
    let secret: serde_json::Value = serde_json::from_slice(&std::fs::read(&keys).unwrap()).unwrap();
    assert!(!made.stdout.contains(text(&secret, "secret_key")));
    let home = home.set("COSETTE_PROFILE", "lab");
    home.ok(&["mb", "cos://photos-1250000000"]);
    for name in ["1", "2", "3"] {
        home.file(&format!("trip/{name}"), name);
    }
    home.ok(&["cp", "-r", "trip", "cos://photos-1250000000/2024/"]);
    let [old, new] = ["2024/", "old/"].map(|prefix| format!("cos://photos-1250000000/{prefix}"));
    home.ok(&["plan", "-o", "move.plan", "mv", "-r", &old, &new]);
    let mut apply = home.command(&["apply", "move.plan"]);
    let code = apply
        .env("COSETTE_HALT", "after:3")
        .output()
        .unwrap()
        .status
        .code();
    assert_eq!(code, Some(99));
    home.ok(&["resume"]);
    assert_eq!(home.json(&["du", &new])["Objects"], 3);
    assert_eq!(home.json(&["du", &old])["Objects"], 0);
    // Files that hold no pair are told without what they hold.
    for bytes in ["", "{}", "{\"secret_id\":\"hush\"}", "hush"] {
        let file = home.file("bad.json", bytes);
        let told = home.refused(
            2,
            &["config", "init", "--profile", "x", "--key-file", &file],
        );
        assert!(!told.to_string().contains("hush"), "{told}");
    }
}
