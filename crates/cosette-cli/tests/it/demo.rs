//! The demo: with nothing configured, twice, and what it says to try next.

use crate::world::{World, noise};

#[test]
fn it_runs_with_nothing_configured_and_a_second_time() {
    let world = World::new();
    world.file("a.txt", "one file");
    world.file("d/中文 2.txt", noise(5000));
    world.file("target/passed-over", "made by a tool");
    for _ in 0..2 {
        let ran = world.ok(&["demo"]);
        let step = |word: &str| {
            let line = ran.stdout.lines().find(|line| line.starts_with(word));
            line.unwrap_or_else(|| panic!("no {word} in {}", ran.stdout))
                .to_owned()
        };
        for word in [
            "upload files",
            "copy ",
            "change metadata",
            "change the class",
            "move",
        ] {
            assert!(step(word).ends_with("2 of 2"), "{}", step(word));
        }
        assert!(step("upload a large").ends_with("1 of 1"));
        assert!(step("copy it in 16 parts").ends_with("1 of 1"));
        assert!(
            ran.stdout.contains(&world.data().display().to_string()),
            "{}",
            ran.stdout
        );
    }
    let told = world.json(&["demo"]);
    assert_eq!(told["bucket"], "demo-1250000000");
    assert_eq!(told["steps"].as_array().unwrap().len(), 8);
    assert!(
        told["steps"]
            .as_array()
            .unwrap()
            .iter()
            .all(|step| step["verified"] == step["objects"])
    );
    assert_eq!(world.run(&["fsck"]).code, 0);
}

#[test]
fn what_it_says_to_try_next_works() {
    let world = World::new();
    let file = world.file("it's 1.txt", "a name that shells do not like");
    let ran = world.ok(&["demo", &file]);
    let (_, next) = ran.stdout.split_once("Try next").unwrap();
    let commands: Vec<&str> = next
        .lines()
        .filter_map(|line| line.trim().strip_prefix("cosette "))
        .collect();
    assert!(commands.len() >= 5, "{next}");
    for command in commands
        .iter()
        .filter(|command| !command.starts_with("serve"))
    {
        let mut shell = std::process::Command::new("sh");
        let program = env!("CARGO_BIN_EXE_cosette");
        shell.arg("-c").arg(format!("{program} {command}"));
        shell
            .env_clear()
            .env("HOME", world.path(""))
            .env("COSETTE_DATA", world.data());
        let ran = shell.output().unwrap();
        assert!(
            ran.status.success(),
            "{command}: {}",
            String::from_utf8_lossy(&ran.stderr)
        );
    }
}

#[test]
fn another_folder_is_named_in_what_it_says_to_try() {
    let world = World::new();
    let file = world.file("a", "bytes");
    let folder = world.path("elsewhere").display().to_string();
    let ran = world.ok(&["demo", &file, "--data", &folder]);
    assert!(
        ran.stdout.contains(&format!("--data {folder}")),
        "{}",
        ran.stdout
    );
    let told = world.refused(9, &["demo", "none"]);
    assert_eq!(told["kind"], "local");
}
