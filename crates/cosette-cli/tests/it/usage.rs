//! Help, completions, and command lines that are none.

use crate::world::{World, cos, text};

const COMMANDS: &[&str] = &[
    "demo",
    "serve",
    "cp",
    "mv",
    "sync",
    "plan",
    "apply",
    "resume",
    "jobs",
    "undo",
    "ls",
    "rm",
    "stat",
    "du",
    "cat",
    "mb",
    "rb",
    "user",
    "config",
    "fsck",
    "scrub",
    "export",
    "import",
    "completions",
    "man",
];

#[test]
fn every_command_teaches_with_examples() {
    let world = World::new();
    for command in COMMANDS.iter().chain(&["api"]) {
        let help = world.ok(&[command, "--help"]).stdout;
        assert!(
            help.contains("Examples:") && help.contains("  cosette "),
            "{command}\n{help}"
        );
    }
    assert!(world.ok(&["--version"]).stdout.starts_with("cosette "));
}

// seed: S10, S40
#[test]
fn a_command_line_that_is_none_ends_with_2_in_words_or_json() {
    let world = World::new();
    for args in [
        &["cp"][..],
        &["cp", "a"],
        &["cp", "a", "--recursive"],
        &["frobnicate"],
        &["ls", "--none"],
        &["api", "put-object-copy"],
        &["cp", "a", "b", "c"],
    ] {
        let ran = world.run(args);
        assert_eq!((ran.code, ran.stdout.as_str()), (2, ""), "{args:?}");
        let told = world.refused(2, args);
        assert_eq!(told["kind"], "usage", "{args:?}");
    }
    let told = world.refused(2, &["mb", "cos://examplebucket"]);
    assert!(text(&told, "error").contains("BucketName-APPID"), "{told}");
    assert_eq!(
        world.refused(
            2,
            &["ls", &cos("a"), "--data", "x", "--endpoint", "http://h"]
        )["kind"],
        "usage"
    );
}

#[test]
fn flags_may_stand_between_source_and_target() {
    let world = World::with_bucket();
    let file = world.file("1.jpg", b"picture");
    let (from, to) = (cos("a/1.jpg"), cos("b/1.jpg"));
    world.ok(&["cp", &file, "--content-type", "image/png", &from]);
    world.ok(&[
        "cp",
        "--if-none-match",
        "\"0\"",
        &from,
        "--storage-class",
        "STANDARD_IA",
        &to,
        "-q",
    ]);
    let head = world.ok(&["stat", &to, "--output", "json"]).stdout;
    assert!(
        head.contains("image/png") && head.contains("STANDARD_IA"),
        "{head}"
    );
}

#[test]
fn completions_know_the_commands() {
    let world = World::new();
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = world.ok(&["completions", shell]).stdout;
        for command in COMMANDS.iter().copied() {
            assert!(script.contains(command), "{shell} {command}");
        }
    }
}

#[test]
fn serve_prints_one_line_and_stops_when_asked() {
    let world = World::new();
    let server = world.serve();
    assert!(server.url.starts_with("http://127.0.0.1:"));
    assert_eq!(server.stop(), Some(0));
    assert_eq!(
        world.refused(2, &["serve", "--endpoint", "http://h"])["kind"],
        "usage"
    );
}
