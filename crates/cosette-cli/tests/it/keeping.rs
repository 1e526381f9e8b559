//! What is not to be lost: devices and links where a file is to be, a public object's ACL, the right undo.

use std::fs;

use crate::world::{World, cos, text};

// A download took the place of whatever stood there: of /dev/null for every program of the machine.
#[cfg(unix)]
#[test]
fn a_download_takes_no_devices_place_and_goes_through_a_link() {
    use std::os::unix::fs::{FileTypeExt, symlink};
    let world = World::with_bucket();
    world.put("a", "new");
    let pipe = world.path("pipe");
    rustix::fs::mknodat(
        rustix::fs::CWD,
        &pipe,
        rustix::fs::FileType::Fifo,
        rustix::fs::Mode::RWXU,
        0,
    )
    .unwrap();
    let source = cos("a");
    for flags in [&[][..], &["--if-match", "*"]] {
        let words = [&["cp", &source, pipe.to_str().unwrap()], flags].concat();
        let told = world.refused(9, &words);
        assert!(text(&told, "error").contains("standard output"), "{told}");
        assert!(fs::symlink_metadata(&pipe).unwrap().file_type().is_fifo());
    }
    let file = world.file("real", "old");
    let link = world.path("link");
    symlink(&file, &link).unwrap();
    world.ok(&["cp", &cos("a"), link.to_str().unwrap()]);
    assert!(link.is_symlink());
    assert_eq!(fs::read(&file).unwrap(), b"new");
    // In a folder nobody named the link: what it leads to may lie anywhere.
    let folder = world.path("folder");
    fs::create_dir(&folder).unwrap();
    symlink(&file, folder.join("a")).unwrap();
    fs::write(&file, "old").unwrap();
    world.ok(&["cp", &cos("a"), &format!("{}/", folder.display())]);
    assert_eq!(fs::read(&file).unwrap(), b"old");
    assert_eq!(fs::read(folder.join("a")).unwrap(), b"new");
}

#[test]
fn an_edit_in_place_keeps_the_acl() {
    let world = World::with_bucket();
    let file = world.file("a", "bytes");
    world.ok(&["cp", &file, &cos("a"), "--acl", "public-read"]);
    let public = |key: &str| {
        let told = world.json(&["acl", &cos(key)]);
        told["Grants"].to_string().contains("AllUsers")
    };
    assert!(public("a"));
    world.ok(&[
        "cp",
        &cos("a"),
        &cos("a"),
        "--set-header",
        "Cache-Control:no-cache",
    ]);
    assert!(public("a"));
    assert_eq!(world.stat("a")["CacheControl"], "no-cache");
    // As COS has it: what is said of an ACL is done, and another place begins with the default.
    world.ok(&[
        "cp",
        &cos("a"),
        &cos("b"),
        "--set-header",
        "Cache-Control:max-age=1",
    ]);
    assert!(!public("b"));
}

/// Two stores with the same objects, one moved in the first; the job's id.
fn moved() -> (World, String, String) {
    let world = World::with_bucket();
    let other = world.path("other").display().to_string();
    world.ok(&["mb", &cos(""), "--data", &other]);
    for data in [&[][..], &["--data", &other]] {
        let (file, name) = (world.file("f", "bytes"), cos("m/f"));
        world.ok(&[&["cp", &file, &name], data].concat());
    }
    world.ok(&["mv", "-r", &cos("m/"), &cos("z/")]);
    let jobs = world.json(&["jobs"]);
    let id = text(&jobs[0], "job").to_owned();
    (world, other, id)
}

#[test]
fn an_undo_at_another_store_moves_nothing_and_says_so() {
    let (world, other, id) = moved();
    // It goes where the job was, whatever the environment says by now.
    let world = world.set("COSETTE_DATA", &other);
    world.ok(&["undo", &id]);
    let first = world.data().display().to_string();
    world.ok(&["stat", &cos("m/f"), "--data", &first]);

    let (world, other, id) = moved();
    let told = world.run(&["undo", &id, "--data", &other]);
    assert_ne!(told.code, 0, "{}", told.stdout);
    assert!(
        told.stderr.contains("it is carried on at"),
        "{}",
        told.stderr
    );
    assert!(world.has("z/f"));
    world.ok(&["stat", &cos("m/f"), "--data", &other]);
}

/// A folder of so many files.
fn files(world: &World, count: usize) -> String {
    let folder = world.path("many");
    fs::create_dir(&folder).unwrap();
    for nth in 0..count {
        fs::write(folder.join(nth.to_string()), "bytes").unwrap();
    }
    folder.display().to_string()
}

#[test]
fn a_run_that_can_only_fail_ends_soon() {
    let world = World::with_bucket();
    let folder = files(&world, 400);
    let server = world.serve();
    let failures = |told: &crate::world::Ran| {
        let all = told.events();
        all.iter()
            .filter(|event| event.get("error").is_some())
            .count()
    };
    let go = |id: &str, secret: &str, url: &str, flags: &[&str]| {
        let mut words = vec![
            "cp",
            "-r",
            folder.as_str(),
            "cos://examplebucket-1250000000/u/",
        ];
        words.extend(["--endpoint", url, "--output", "json", "--no-progress"]);
        words.extend(flags);
        let mut command = world.command(&words);
        command
            .env("COSETTE_SECRET_ID", id)
            .env("COSETTE_SECRET_KEY", secret);
        crate::world::Ran::of(&command.output().unwrap())
    };
    let told = go("AKIDsecond", "wrong", &server.url, &["--no-preflight"]);
    assert_eq!(told.code, 4, "{}", told.stderr);
    assert!(failures(&told) < 100, "{}", failures(&told));
    let url = server.url.clone();
    drop(server);
    let told = go("AKIDsecond", "secondsecret", &url, &["--no-preflight"]);
    assert_eq!(told.code, 6, "{}", told.stderr);
    assert!(failures(&told) < 200, "{}", failures(&told));
    assert!(told.error()["error"].to_string().contains("in a row"));
}

/// Runs a command, and presses Ctrl-C once the bucket has an upload.
#[cfg(unix)]
fn interrupted(world: &World, words: &[&str], input: Option<&[u8]>) -> (i32, String) {
    let try_it = |_| interrupt(world, words, input);
    (0..10)
        .find_map(try_it)
        .expect("it always ended before it could be interrupted")
}

/// One try; none if the command was quicker.
#[cfg(unix)]
fn interrupt(world: &World, words: &[&str], input: Option<&[u8]>) -> Option<(i32, String)> {
    use std::io::Write;
    use std::process::Stdio;
    let mut command = world.command(words);
    let stdin = if input.is_some() {
        Stdio::piped()
    } else {
        Stdio::null()
    };
    let command = command.stdin(stdin).stdout(Stdio::null());
    let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take();
    if let (Some(stdin), Some(input)) = (&mut stdin, input) {
        stdin.write_all(input).unwrap();
    }
    while uploads(world) == 0 {
        assert!(
            child.try_wait().unwrap().is_none(),
            "it ended before it was interrupted"
        );
    }
    let pid = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
    let ended = child.wait_with_output().unwrap();
    // Open until now: it is not the end of its input that ended it.
    drop(stdin);
    let code = ended.status.code().unwrap();
    (code != 0).then(|| (code, String::from_utf8_lossy(&ended.stderr).into_owned()))
}

fn uploads(world: &World) -> usize {
    let listed = world.json(&["ls", "--uploads", &cos("")]);
    listed.as_array().unwrap().len()
}

// Parts that nobody completes cost money until somebody notices.
#[cfg(unix)]
#[test]
fn ctrl_c_leaves_no_parts_but_those_that_are_gone_on_with() {
    let world = World::with_bucket();
    let server = world.serve();
    let bytes = crate::world::noise(40 << 20);
    // Standard input that does not end: the upload waits for more.
    let words = ["cp", "-", &cos("in"), "--chunk-size", "1MiB"];
    let (code, told) = interrupted(&world, &words, Some(&bytes[..8 << 20]));
    assert_eq!((code, uploads(&world)), (130, 0), "{told}");
    let file = world.file("big", &bytes);
    world.ok(&["cp", &file, &cos("big")]);
    let slow = [
        "--chunk-size",
        "1MiB",
        "--slice-size",
        "1MiB",
        "--parallel",
        "1",
    ];
    let (big, target) = (cos("big"), cos("copy"));
    let copy = [&["cp", &big, &target][..], &slow].concat();
    let (code, told) = interrupted(&world, &copy, None);
    assert_eq!((code, uploads(&world)), (130, 0), "{told}");
    // The same command goes on with the upload of a file.
    let up = [
        "cp",
        &file,
        &cos("up"),
        "--chunk-size",
        "1MiB",
        "--parallel",
        "1",
    ];
    let (code, told) = interrupted(&world, &up, None);
    assert_eq!((code, uploads(&world)), (130, 1), "{told}");
    world.ok(&up);
    assert_eq!(uploads(&world), 0);
    drop(server);
}
