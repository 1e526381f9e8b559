//! The lines of the table: what is measured, how, and what is to be reached.

use std::process::Stdio;

use super::bench::{Bench, Kept, Told};
use super::{Figure, Wanted};
use crate::exec::{self, Result};

const MIB: f64 = 1_048_576.0;

/// What is to be reached.
#[derive(Debug, Clone, Copy)]
pub(super) enum Goal {
    /// At most so much.
    AtMost(f64, &'static str),
    /// At least so much.
    AtLeast(f64, &'static str),
}

impl Goal {
    pub(super) fn is_reached(self, value: f64) -> bool {
        match self {
            Self::AtMost(most, _) => value <= most,
            Self::AtLeast(least, _) => value >= least,
        }
    }

    pub(super) fn words(self) -> String {
        match self {
            Self::AtMost(most, unit) => format!("≤ {most}{unit}"),
            Self::AtLeast(least, unit) => format!("≥ {least}{unit}"),
        }
    }
}

/// A line of the table.
pub(super) struct Line {
    pub(super) name: &'static str,
    pub(super) what: &'static str,
    pub(super) goal: Goal,
    pub(super) measure: fn(&mut Bench, &Wanted) -> Result<Figure>,
}

const fn line(
    name: &'static str,
    what: &'static str,
    goal: Goal,
    measure: fn(&mut Bench, &Wanted) -> Result<Figure>,
) -> Line {
    Line {
        name,
        what,
        goal,
        measure,
    }
}

use Goal::{AtLeast, AtMost};

/// All of them, in the order in which they are measured: the last takes the objects away.
pub(super) const ALL: &[Line] = &[
    line(
        "open",
        "opening a clean store for one command",
        AtMost(150.0, " ms"),
        open,
    ),
    line("idle", "memory, idle", AtMost(100.0, " MiB"), idle),
    line(
        "huge-copy",
        "CopyObject of 5 GiB against 4 KiB, 1 connection, p50",
        AtMost(1.3, "×"),
        huge_copy,
    ),
    line(
        "copy-1",
        "CopyObject 4 KiB, 1 connection, p50, to append + fdatasync + hello",
        AtMost(3.0, "×"),
        copy_1,
    ),
    line(
        "copy-32",
        "CopyObject 4 KiB, 32 connections, random sources, to hello",
        AtLeast(0.25, "×"),
        copy_32,
    ),
    line(
        "hot",
        "the same from one hot source, to random sources",
        AtLeast(1.0, "×"),
        hot,
    ),
    line(
        "move",
        "move of an object, 32 connections, rate to that of a copy",
        AtLeast(1.0, "×"),
        moved,
    ),
    line(
        "put-32",
        "PUT 4 KiB, 32 connections, to hello",
        AtLeast(0.15, "×"),
        put_32,
    ),
    line(
        "put-1m",
        "PUT 1 MiB, 1 connection, p50, to raw write + MD5 + fdatasync",
        AtMost(2.0, "×"),
        put_1m,
    ),
    line(
        "head",
        "HEAD, 32 connections, to hello",
        AtLeast(0.6, "×"),
        head,
    ),
    line(
        "get",
        "GET 1 GiB, page cache warm",
        AtLeast(1.5, " GB/s"),
        get,
    ),
    line(
        "part",
        "UploadPartCopy 64 MiB of a stored part, 4 connections, p50, to a CopyObject",
        AtMost(5.0, "×"),
        part,
    ),
    line(
        "range-16",
        "UploadPartCopy 64 MiB of any other range, 16 connections, bytes for each core used, to OpenSSL MD5",
        AtLeast(2.5, "×"),
        range_16,
    ),
    line(
        "range-4",
        "the same, 4 connections, bytes/s to OpenSSL MD5 on one core",
        AtLeast(1.3, "×"),
        range_4,
    ),
    line(
        "range-memory",
        "memory for each of 16 such parts",
        AtMost(2.0, " MiB"),
        range_memory,
    ),
    line(
        "slice",
        "slice copy of 5 GiB in 64 MiB parts, p50, to a CopyObject",
        AtMost(150.0, "×"),
        slice,
    ),
    line(
        "list",
        "LIST page of 1,000, anywhere, p50",
        AtMost(5.0, " ms"),
        list,
    ),
    line(
        "folded",
        "LIST of 1,000 common prefixes over all objects, p50",
        AtMost(50.0, " ms"),
        folded,
    ),
    line(
        "disk",
        "disk after 10 copies of 1 GiB",
        AtMost(1.0, " MiB"),
        disk,
    ),
    line(
        "memory",
        "memory, at most, under 32 connections of PUT and copy",
        AtMost(600.0, " MiB"),
        memory,
    ),
    line(
        "jobs",
        "prefix jobs over all objects: a copy of the prefix, then a move of the copies; the slower one",
        AtLeast(5_000.0, " objects/s"),
        jobs,
    ),
    line(
        "emptied",
        "LIST of a prefix just emptied of all objects, the first",
        AtMost(20.0, " ms"),
        emptied,
    ),
];

fn figure(value: f64, words: String) -> Figure {
    Figure { value, words }
}

fn seconds(count: u64) -> String {
    format!("{}s", count.max(1))
}

/// The middle one.
fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

/// A rate over the many objects, with hello beside it.
fn beside_hello(bench: &mut Bench, operation: &str, time: u64) -> Result<Told> {
    let (time, folder) = (seconds(time), bench.baseline());
    let words = [
        operation,
        "-c",
        "32",
        "--duration",
        &time,
        "--rounds",
        "4",
        "--baseline",
        &folder,
    ];
    if operation == "put" {
        bench.run(&words)
    } else {
        bench.over(Kept::Many, &words)
    }
}

fn to_hello(told: &Told) -> Result<Figure> {
    let ratio = told.ratio("rateToHello")?;
    let words = format!(
        "{:.0}/s of {:.0}/s: {:.0} %",
        told.rate()?,
        told.hello_rate()?,
        ratio * 100.0
    );
    Ok(figure(ratio, words))
}

/// The p50 of a copy of 4 KiB on one connection, in milliseconds.
fn copy_p50(bench: &mut Bench) -> Result<f64> {
    bench
        .over(Kept::Many, &["copy", "-c", "1", "--duration", "6s"])?
        .p50()
}

/// What one core makes of MD5: OpenSSL's, as its own program tells it.
fn openssl_md5() -> Result<f64> {
    let mut speed = std::process::Command::new("openssl");
    speed.args([
        "speed", "-mr", "-bytes", "65536", "-seconds", "3", "-evp", "md5",
    ]);
    speed.stderr(Stdio::null());
    let told = exec::stdout_of(&mut speed)?;
    let line = told
        .lines()
        .find(|line| line.starts_with("+F:"))
        .unwrap_or_default();
    let last = line.rsplit(':').next().unwrap_or_default();
    last.parse()
        .map_err(|_| format!("openssl speed told: {told}").into())
}

fn open(bench: &mut Bench, _: &Wanted) -> Result<Figure> {
    // A stop that was asked for leaves a clean store.
    bench.serving()?;
    let mut times = Vec::new();
    for _ in 0..7 {
        let mut ls = bench.alone(&["ls", "cos://bench-1250000000/none/"])?;
        let told = exec::run("ls", &mut ls, std::time::Duration::from_secs(60))?;
        if !told.success {
            return Err(told.output.into());
        }
        times.push(told.elapsed.as_secs_f64() * 1e3);
    }
    let p50 = median(times);
    Ok(figure(
        p50,
        format!("{p50:.0} ms, median of 7 times `cosette ls`"),
    ))
}

fn idle(bench: &mut Bench, _: &Wanted) -> Result<Figure> {
    bench.stop()?;
    let mib = bench.serving()?.memory("VmRSS")? / MIB;
    Ok(figure(mib, format!("{mib:.0} MiB after the start")))
}

fn huge_copy(bench: &mut Bench, _: &Wanted) -> Result<Figure> {
    let (mut huge, mut small) = (Vec::new(), Vec::new());
    for _ in 0..3 {
        small.push(copy_p50(bench)?);
        huge.push(
            bench
                .over(Kept::Huge, &["copy", "-c", "1", "--duration", "6s"])?
                .p50()?,
        );
    }
    let (huge, small) = (median(huge), median(small));
    Ok(figure(
        huge / small,
        format!("{huge:.2} ms to {small:.2} ms: {:.2}×", huge / small),
    ))
}

fn copy_1(bench: &mut Bench, _: &Wanted) -> Result<Figure> {
    let folder = bench.baseline();
    let words = [
        "copy",
        "-c",
        "1",
        "--duration",
        "20s",
        "--rounds",
        "4",
        "--baseline",
        &folder,
    ];
    let told = bench.over(Kept::Many, &words)?;
    let ratio = told.ratio("p50ToSyncAndHello")?;
    let (p50, sync, hello) = (told.p50()?, told.sync_p50()?, told.hello_p50()?);
    let words = format!("{p50:.2} ms to {sync:.2} + {hello:.2} ms: {ratio:.2}×");
    Ok(figure(ratio, words))
}

fn copy_32(bench: &mut Bench, wanted: &Wanted) -> Result<Figure> {
    to_hello(&beside_hello(bench, "copy", wanted.seconds)?)
}

fn hot(bench: &mut Bench, wanted: &Wanted) -> Result<Figure> {
    let time = seconds(wanted.seconds / 4);
    let (mut hot, mut random) = (0.0, 0.0);
    // By turns, as the machine is not always the same.
    for _ in 0..2 {
        random += bench
            .over(Kept::Many, &["copy", "-c", "32", "--duration", &time])?
            .rate()?
            / 2.0;
        hot += bench
            .over(
                Kept::Many,
                &["copy", "-c", "32", "--hot", "--duration", &time],
            )?
            .rate()?
            / 2.0;
    }
    let ratio = hot / random;
    Ok(figure(
        ratio,
        format!("{hot:.0}/s to {random:.0}/s: {ratio:.2}×"),
    ))
}

fn moved(bench: &mut Bench, wanted: &Wanted) -> Result<Figure> {
    let time = seconds(wanted.seconds / 4);
    let (mut rename, mut copy) = (0.0, 0.0);
    for _ in 0..2 {
        copy += bench
            .run(&[
                "copy",
                "-c",
                "32",
                "--objects",
                "20000",
                "--duration",
                &time,
            ])?
            .rate()?
            / 2.0;
        rename += bench
            .run(&[
                "rename",
                "-c",
                "32",
                "--objects",
                "20000",
                "--duration",
                &time,
            ])?
            .rate()?
            / 2.0;
    }
    let ratio = rename / copy;
    Ok(figure(
        ratio,
        format!("{rename:.0}/s to {copy:.0}/s: {ratio:.2}×"),
    ))
}

fn put_32(bench: &mut Bench, wanted: &Wanted) -> Result<Figure> {
    to_hello(&beside_hello(bench, "put", wanted.seconds)?)
}

fn put_1m(bench: &mut Bench, _: &Wanted) -> Result<Figure> {
    let folder = bench.baseline();
    let words = [
        "put",
        "--size",
        "1MiB",
        "-c",
        "1",
        "--duration",
        "10s",
        "--rounds",
        "4",
        "--baseline",
        &folder,
    ];
    let told = bench.run(&words)?;
    let ratio = told.ratio("p50ToSyncAndMd5")?;
    Ok(figure(
        ratio,
        format!("p50 {:.2} ms: {ratio:.2}×", told.p50()?),
    ))
}

fn head(bench: &mut Bench, wanted: &Wanted) -> Result<Figure> {
    to_hello(&beside_hello(bench, "head", wanted.seconds)?)
}

fn get(bench: &mut Bench, _: &Wanted) -> Result<Figure> {
    // The first reads it into the page cache.
    bench.over(Kept::Large, &["get", "-c", "1", "--count", "1"])?;
    let told = bench.over(Kept::Large, &["get", "-c", "1", "--count", "10"])?;
    let rate = told.bytes()? / 1e9;
    let each = told.cores()? / rate;
    Ok(figure(
        rate,
        format!("{rate:.2} GB/s, {each:.2} s of processor for each GB"),
    ))
}

fn part(bench: &mut Bench, _: &Wanted) -> Result<Figure> {
    let copy = copy_p50(bench)?;
    let told = bench.over(Kept::Huge, &["part-copy", "-c", "4", "--duration", "10s"])?;
    let ratio = told.p50()? / copy;
    Ok(figure(
        ratio,
        format!("p50 {:.2} ms to {copy:.2} ms: {ratio:.2}×", told.p50()?),
    ))
}

/// Copies of ranges that cut across the stored parts.
fn ranges(bench: &mut Bench, connections: &str) -> Result<Told> {
    bench.over(
        Kept::Huge,
        &[
            "part-copy",
            "--unaligned",
            "-c",
            connections,
            "--duration",
            "20s",
        ],
    )
}

fn range_16(bench: &mut Bench, _: &Wanted) -> Result<Figure> {
    // All of it into the page cache.
    ranges(bench, "16")?;
    let (told, md5) = (ranges(bench, "16")?, openssl_md5()?);
    let (bytes, cores) = (told.bytes()?, told.cores()?);
    let ratio = bytes / cores / md5;
    let words = format!(
        "{:.0} MB/s with {cores:.2} of a core; OpenSSL {:.0} MB/s: {ratio:.2}×",
        bytes / 1e6,
        md5 / 1e6
    );
    Ok(figure(ratio, words))
}

fn range_4(bench: &mut Bench, _: &Wanted) -> Result<Figure> {
    let (told, md5) = (ranges(bench, "4")?, openssl_md5()?);
    let (bytes, cores) = (told.bytes()?, told.cores()?);
    let ratio = bytes / md5;
    let words = format!(
        "{:.0} MB/s with {cores:.2} of a core; OpenSSL {:.0} MB/s: {ratio:.2}×",
        bytes / 1e6,
        md5 / 1e6
    );
    Ok(figure(ratio, words))
}

fn range_memory(bench: &mut Bench, _: &Wanted) -> Result<Figure> {
    bench.stop()?;
    // What the first requests of any kind take.
    ranges(bench, "1")?;
    let before = bench.serving()?.memory("VmHWM")?;
    ranges(bench, "16")?;
    let each = (bench.serving()?.memory("VmHWM")? - before) / 16.0 / MIB;
    Ok(figure(each, format!("{each:.2} MiB more for each")))
}

fn slice(bench: &mut Bench, _: &Wanted) -> Result<Figure> {
    let copy = copy_p50(bench)?;
    let told = bench.over(Kept::Huge, &["slice-copy", "-c", "1", "--count", "9"])?;
    let ratio = told.p50()? / copy;
    Ok(figure(
        ratio,
        format!("p50 {:.0} ms to {copy:.2} ms: {ratio:.0}×", told.p50()?),
    ))
}

fn list(bench: &mut Bench, _: &Wanted) -> Result<Figure> {
    let told = bench.over(Kept::Many, &["list", "-c", "1", "--duration", "10s"])?;
    let (p50, p99) = (told.p50()?, told.p99()?);
    Ok(figure(
        p50,
        format!("p50 {p50:.2} ms, p99 {p99:.2} ms, beginning anywhere"),
    ))
}

fn folded(bench: &mut Bench, _: &Wanted) -> Result<Figure> {
    let told = bench.over(
        Kept::Many,
        &["list", "--folded", "-c", "1", "--duration", "10s"],
    )?;
    let (p50, p99) = (told.p50()?, told.p99()?);
    Ok(figure(p50, format!("p50 {p50:.1} ms, p99 {p99:.1} ms")))
}

/// Bytes that the store's folder takes up.
fn taken(bench: &Bench) -> Result<f64> {
    let told = exec::stdout_of(
        std::process::Command::new("du")
            .arg("-sk")
            .arg(bench.data()),
    )?;
    let kib: f64 = told.split_whitespace().next().unwrap_or_default().parse()?;
    Ok(kib * 1024.0)
}

fn disk(bench: &mut Bench, _: &Wanted) -> Result<Figure> {
    bench.stop()?;
    bench.serving()?;
    let before = taken(bench)?;
    bench.over(Kept::Large, &["copy", "-c", "1", "--count", "10", "--keep"])?;
    let more = (taken(bench)? - before) / MIB;
    Ok(figure(more, format!("{:.0} KiB more", more * 1024.0)))
}

fn memory(bench: &mut Bench, wanted: &Wanted) -> Result<Figure> {
    let time = seconds(wanted.seconds / 4);
    beside_nothing(bench, "put", &time)?;
    beside_nothing(bench, "copy", &time)?;
    let mib = bench.serving()?.memory("VmHWM")? / MIB;
    Ok(figure(
        mib,
        format!("at most {mib:.0} MiB since the server was started"),
    ))
}

fn beside_nothing(bench: &mut Bench, operation: &str, time: &str) -> Result<Told> {
    let words = [operation, "-c", "32", "--duration", time];
    if operation == "put" {
        bench.run(&words)
    } else {
        bench.over(Kept::Many, &words)
    }
}

fn jobs(bench: &mut Bench, _: &Wanted) -> Result<Figure> {
    // What a run that was broken off has left under these names is what this one makes.
    let many = bench.prefix(Kept::Many)?;
    let (copies, targets) = (format!("jobs-copied/{many}"), format!("jobs-moved/{many}"));
    let copied = bench.prefix_job("copy", &many, &copies)?;
    let moved = bench.prefix_job("move", &copies, &targets)?;
    bench.remove(&targets)?;
    let slower = copied.min(moved);
    Ok(figure(
        slower,
        format!("{copied:.0} objects/s copied, {moved:.0} objects/s moved"),
    ))
}

fn emptied(bench: &mut Bench, _: &Wanted) -> Result<Figure> {
    let prefix = bench.remove_many()?;
    let list = [
        "list",
        "-c",
        "1",
        "--count",
        "1",
        "--objects",
        "1",
        "--reuse",
        &prefix,
    ];
    let first = bench.run(&list)?.p50()?;
    let mut later = Vec::new();
    for _ in 0..5 {
        later.push(bench.run(&list)?.p50()?);
    }
    let later = median(later);
    Ok(figure(
        first,
        format!("the first {first:.1} ms, later ones {later:.1} ms"),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_goal_is_reached_at_its_border() {
        assert!(AtMost(3.0, "×").is_reached(3.0) && !AtMost(3.0, "×").is_reached(3.01));
        assert!(AtLeast(0.25, "×").is_reached(0.25) && !AtLeast(0.25, "×").is_reached(0.24));
        assert!(!AtMost(1.0, "").is_reached(f64::NAN) && !AtLeast(1.0, "").is_reached(f64::NAN));
        assert_eq!(
            (AtMost(150.0, " ms").words(), AtLeast(0.25, "×").words()),
            ("≤ 150 ms".into(), "≥ 0.25×".into())
        );
    }

    #[test]
    fn the_middle_one_is_no_mean() {
        assert!((median(vec![900.0, 1.0, 2.0]) - 2.0).abs() < f64::EPSILON);
        assert!(median(Vec::new()).is_nan());
    }
}
