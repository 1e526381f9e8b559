//! `bench`: what is measured, for how long, and beside what.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use cosette_bench::Workload;

use super::values;
use crate::name::CosName;

const WHAT: &str = "What is done";
const LONG: &str = "How much and how long";
const BESIDE: &str = "Beside what";

/// Measure a server: how fast it copies, moves, puts and reads
#[derive(Debug, Args)]
#[command(after_help = "\
Operations: put get head list delete copy part-copy slice-copy move rename mixed, or weights of some of them
as in get=70,put=20,copy=10. A move is a copy and a delete; rename is the move of one request. slice-copy
copies whole objects part by part. Each copy and each PUT gets a key of its own.

Nothing but --endpoint (and --vs) is spoken to. Everything is written below <prefix>cosette-bench-<random>/ and
removed afterwards, with the bucket if it was not there before. If versioning is enabled in the bucket, the
versions stay, under delete markers: rather give it a bucket of its own. Ctrl-C ends the measurement: what was measured
is reported, and cleaned up; a second Ctrl-C leaves what is left.

--baseline DIR measures in the same run, taking turns: the same requests, signed the same way, to a bare HTTP
server in this process (hello); appending one object's bytes to a file in DIR and syncing it; MD5 on one core.
--vs takes turns with a second server. Its keys are COSETTE_VS_SECRET_ID and COSETTE_VS_SECRET_KEY, or the same.

Workers wait for each answer before they ask again, and never repeat a request. Compare ratios of one run; figures
of two runs differ with whatever else the machine did.

Examples:
  cosette bench copy cos://bench-1250000000 --endpoint http://127.0.0.1:9000 --concurrency 32
  cosette bench mixed cos://bench-1250000000 --endpoint http://127.0.0.1:9000 --duration 2m --html report.html
  cosette bench part-copy cos://bench-1250000000 --size 1GiB --part-size 64MiB --objects 1 --unaligned
  cosette bench head cos://bench-1250000000 --endpoint http://127.0.0.1:9000 --baseline /var/lib/cosette
  cosette bench put cos://bench-1250000000 --endpoint http://a:9000 --vs http://b:9000 --size 1MiB --count 1000")]
pub(crate) struct BenchArgs {
    /// What is measured
    #[arg(value_name = "OPERATION")]
    pub(crate) workload: Workload,
    /// The bucket, as in cos://bench-1250000000
    #[arg(value_name = "BUCKET")]
    pub(crate) bucket: CosName,
    /// Bytes of each object
    #[arg(long, value_name = "SIZE", default_value = "4KiB", value_parser = values::size, help_heading = WHAT)]
    pub(crate) size: u64,
    /// Objects prepared before the measurement
    #[arg(long, value_name = "N", default_value_t = 1000, help_heading = WHAT)]
    pub(crate) objects: u64,
    /// Read or copy one and the same object, instead of any of them at random
    #[arg(long, help_heading = WHAT)]
    pub(crate) hot: bool,
    /// Bytes of a part
    #[arg(long, value_name = "SIZE", default_value = "64MiB", value_parser = values::size, help_heading = WHAT)]
    pub(crate) part_size: u64,
    /// Copy ranges that cut across the parts of the source
    #[arg(long, help_heading = WHAT)]
    pub(crate) unaligned: bool,
    /// List common prefixes instead of keys
    #[arg(long, help_heading = WHAT)]
    pub(crate) folded: bool,
    /// What all keys begin with
    #[arg(long, value_name = "PREFIX", default_value = "", help_heading = WHAT)]
    pub(crate) target_prefix: String,
    /// Take the objects of an earlier run with --keep: the prefix that it told
    #[arg(long, value_name = "PREFIX", help_heading = WHAT)]
    pub(crate) reuse: Option<String>,
    /// Leave all objects where they are
    #[arg(long, help_heading = WHAT)]
    pub(crate) keep: bool,
    /// Connections, each with one request at a time
    #[arg(long, short, value_name = "N", default_value_t = 1, help_heading = LONG)]
    pub(crate) concurrency: usize,
    /// Threads that the connections are spread over
    #[arg(long, value_name = "N", default_value_t = 1, help_heading = LONG)]
    pub(crate) threads: usize,
    /// How long it is measured, as in 500ms, 30s, 5m [default: 10s, or an hour at most with --count]
    #[arg(long, value_name = "TIME", value_parser = time, help_heading = LONG)]
    pub(crate) duration: Option<Duration>,
    /// How many operations are measured
    #[arg(long, value_name = "N", help_heading = LONG)]
    pub(crate) count: Option<u64>,
    /// How long one request may take
    #[arg(long, value_name = "TIME", value_parser = time, default_value = "5m", help_heading = LONG)]
    pub(crate) timeout: Duration,
    /// A second server, which takes turns with the first
    #[arg(long, value_name = "URL", help_heading = BESIDE)]
    pub(crate) vs: Option<String>,
    /// Measure the raw limits too; files are written into this folder
    #[arg(long, value_name = "DIR", help_heading = BESIDE)]
    pub(crate) baseline: Option<PathBuf>,
    /// Slices that each one's time is cut into when several take turns
    #[arg(long, value_name = "N", default_value_t = 5, help_heading = BESIDE)]
    pub(crate) rounds: u32,
    /// The server's process on this machine: its processor time and memory are told (Linux)
    #[arg(long, value_name = "PID", help_heading = BESIDE)]
    pub(crate) process: Option<u32>,
    /// Write a page with tables and plots
    #[arg(long, value_name = "FILE")]
    pub(crate) html: Option<PathBuf>,
}

/// A time with its unit.
fn time(text: &str) -> Result<Duration, String> {
    let bad = || format!("`{text}` is no time; write it as in 500ms, 30s, 5m");
    let digits = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let number: u64 = number.parse().map_err(|_| bad())?;
    let ms = match unit {
        "ms" => Some(number),
        "" | "s" => number.checked_mul(1000),
        "m" => number.checked_mul(60_000),
        "h" => number.checked_mul(3_600_000),
        _ => None,
    };
    ms.map(Duration::from_millis).ok_or_else(bad)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_units() {
        assert_eq!(time("500ms"), Ok(Duration::from_millis(500)));
        assert_eq!(time("90"), Ok(Duration::from_secs(90)));
        assert_eq!(time("2m"), time("120s"));
        for bad in ["", "s", "-1s", "1.5s", "1d", "99999999999999999h"] {
            assert!(time(bad).is_err(), "{bad}");
        }
    }
}
