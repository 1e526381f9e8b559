//! The program, and the server, are killed at any time.

use std::process::Child;

use super::{Chance, Mover, NO_JOB, cos, cuts, move_words, rename_words};

const OBJECTS: usize = 200;
const KILLS: usize = 60;

impl Mover {
    /// Runs until the journal has so many more steps, and kills it; whether it was still running.
    fn killed_after(&mut self, args: &[&str], steps: usize, server_first: bool) -> bool {
        let resumes = args.first() == Some(&"resume");
        let from = if resumes { self.steps() } else { 0 };
        let mut child: Child = self.command(args).spawn().unwrap();
        loop {
            if child.try_wait().unwrap().is_some() {
                return false;
            }
            if self.steps() >= from + steps {
                break;
            }
            std::thread::yield_now();
        }
        if server_first {
            self.serve();
        }
        child.kill().unwrap();
        !child.wait().unwrap().success()
    }
}

#[test]
fn a_move_that_is_killed_at_any_time_loses_nothing() {
    let mut mover = Mover::new(OBJECTS, 2);
    let mut wanted = mover.things();
    let mut chance = Chance(0x9e37_79b9);
    let (mut kills, mut sides) = (0, ("p/", "q/"));
    for round in 0.. {
        if kills >= cuts(KILLS) {
            break;
        }
        let (source, target) = (cos(sides.0), cos(sides.1));
        // By copies and by renames, in turns.
        let first = match round % 2 {
            0 => move_words(&source, &target),
            _ => rename_words(&source, &target),
        };
        let mut args: &[&str] = &first;
        loop {
            let server_first = kills % 10 == 9;
            if !mover.killed_after(args, 1 + chance.below(24), server_first) {
                break;
            }
            // Before the job was begun there is nothing to carry on.
            args = match mover.journal() {
                Some(_) => &["resume"],
                None => &first,
            };
            kills += 1;
            mover.assert_nothing_is_lost(&wanted, sides, &format!("after {kills} kills"));
        }
        // The last run may have met a server that was gone; what failed is tried again.
        let last = mover.run(&["resume"], None);
        assert!(last == 0 || last == NO_JOB, "{last}");
        wanted = mover.assert_moved(&wanted, sides);
        sides = (sides.1, sides.0);
    }
    println!("survival result: random kills: {kills} passed; 0 failed; 0 skipped");
}
