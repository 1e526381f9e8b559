//! The disk of the journal is full, at one record after the other.

use std::process::{Command, Stdio};

use super::{HALTED, Mover, cos, move_words};

const OBJECTS: usize = 60;
/// What a run says when a file of this machine cannot be written.
const LOCAL: i32 = 9;
/// Units of `ulimit -f`.
const BLOCK_BYTES: u64 = 512;
/// By how much the disk grows from one run to the next.
const BLOCKS: u64 = 2;

impl Mover {
    /// Carries on where no file may grow beyond so many blocks: the exit code.
    fn resume_within(&self, blocks: u64) -> i32 {
        let inner = self.command(&["resume"]);
        let mut shell = Command::new("/bin/sh");
        // Without the signal, the write fails as it does on a full disk, in the middle of a record.
        shell
            .args(["-c", "trap '' XFSZ; ulimit -f \"$0\"; exec \"$@\""])
            .arg(blocks.to_string())
            .arg(inner.get_program())
            .args(inner.get_args())
            .env_clear()
            .envs(
                inner
                    .get_envs()
                    .filter_map(|(name, value)| Some((name, value?))),
            )
            .current_dir(inner.get_current_dir().unwrap())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        shell.status().unwrap().code().unwrap_or(-1)
    }
}

#[test]
fn a_move_whose_journal_meets_a_full_disk_loses_nothing() {
    let mut mover = Mover::new(OBJECTS, 1);
    let wanted = mover.things();
    let sides = ("p/", "q/");
    let (source, target) = (cos(sides.0), cos(sides.1));
    let code = mover.run(&move_words(&source, &target), Some("after:1"));
    assert_eq!(code, HALTED);
    let mut full = 0;
    loop {
        let journal = std::fs::metadata(mover.journal().unwrap()).unwrap().len();
        let code = mover.resume_within(journal / BLOCK_BYTES + BLOCKS);
        mover.assert_nothing_is_lost(&wanted, sides, &format!("on {full} full disks"));
        match code {
            LOCAL => full += 1,
            0 => break,
            other => panic!("the exit code is {other} after {full} full disks"),
        }
    }
    assert!(full > 10, "{full}");
    mover.assert_moved(&wanted, sides);
    println!("survival result: full disks: {full} passed; 0 failed; 0 skipped");
}
