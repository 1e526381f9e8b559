//! What a server's process uses, where it runs on this machine and the system tells.

use std::time::Duration;

/// Processor time and memory over a measurement.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Usage {
    /// Processor time, of all its threads.
    pub processor: Duration,
    /// Its resident memory at the end of it, in bytes.
    pub resident_bytes: u64,
}

impl Usage {
    /// Adds what came later.
    pub(crate) fn append(&mut self, later: Self) {
        self.processor += later.processor;
        self.resident_bytes = self.resident_bytes.max(later.resident_bytes);
    }
}

/// A look at a process.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sample {
    ticks: u64,
    resident_bytes: u64,
}

impl Sample {
    /// What the process with this number has used; nothing where it cannot be known.
    #[cfg(target_os = "linux")]
    pub(crate) fn take(process: u32) -> Option<Self> {
        let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
        let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
        Self::read(&stat, &status)
    }

    /// What the process with this number has used; nothing where it cannot be known.
    #[cfg(not(target_os = "linux"))]
    pub(crate) fn take(_: u32) -> Option<Self> {
        None
    }

    #[cfg_attr(
        not(target_os = "linux"),
        expect(dead_code, reason = "the files are Linux's")
    )]
    fn read(stat: &str, status: &str) -> Option<Self> {
        // The name, in parentheses, may hold anything; what follows has no parenthesis.
        let (_, fields) = stat.rsplit_once(')')?;
        let mut times = fields.split_whitespace().skip(11);
        let user: u64 = times.next()?.parse().ok()?;
        let system: u64 = times.next()?.parse().ok()?;
        let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kib = resident.and_then(|text| text.trim().strip_suffix("kB"));
        let kib: u64 = kib.and_then(|text| text.trim().parse().ok()).unwrap_or(0);
        Some(Self {
            ticks: user + system,
            resident_bytes: kib << 10,
        })
    }

    pub(crate) fn since(self, before: Self) -> Usage {
        let ticks = self.ticks.saturating_sub(before.ticks);
        let micros = ticks.saturating_mul(1_000_000) / ticks_per_second();
        Usage {
            processor: Duration::from_micros(micros),
            resident_bytes: self.resident_bytes,
        }
    }
}

#[cfg(unix)]
fn ticks_per_second() -> u64 {
    rustix::param::clock_ticks_per_second().max(1)
}

#[cfg(not(unix))]
fn ticks_per_second() -> u64 {
    100
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_found_behind_any_name() {
        let stat = "77 (a ) b) S 1 77 77 0 -1 4194560 900 0 0 0 12 30 0 0 20 0 9 0 1 2 3";
        let status = "Name:\tx\nVmRSS:\t    2048 kB\n";
        let sample = Sample::read(stat, status).unwrap();
        assert_eq!((sample.ticks, sample.resident_bytes), (42, 2 << 20));
        assert!(Sample::read("77 (x", status).is_none());
    }
}
