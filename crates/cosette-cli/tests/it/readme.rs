//! The README's tour runs as it stands.

use std::process::Command;

use crate::world::World;

const README: &str = include_str!("../../../../README.md");

#[cfg(unix)]
#[test]
fn the_tour_runs_as_it_stands() {
    let (_, tour) = README.split_once("<!-- tour -->\n```sh\n").unwrap();
    let (tour, _) = tour.split_once("```\n<!-- end of the tour -->").unwrap();
    assert!(
        tour.lines()
            .filter(|line| line.starts_with("cosette "))
            .count()
            >= 12,
        "{tour}"
    );
    let world = World::new();
    let programs = world.path("bin");
    std::fs::create_dir(&programs).unwrap();
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_cosette"), programs.join("cosette")).unwrap();
    let path = format!("{}:{}", programs.display(), std::env::var("PATH").unwrap());
    let mut shell = Command::new("sh");
    shell.arg("-euc").arg(tour).env_clear().env("PATH", path);
    shell
        .env("HOME", world.path(""))
        .current_dir(world.path(""));
    let ran = shell.output().unwrap();
    let stderr = String::from_utf8_lossy(&ran.stderr);
    assert!(
        ran.status.success(),
        "{stderr}\n{}",
        String::from_utf8_lossy(&ran.stdout)
    );
    assert_eq!(stderr, "");
}
