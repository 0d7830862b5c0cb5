//! Where a measurement runs.

use crate::Outcome;
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

/// Waking a process on another core costs more than the software that is measured. Children inherit the placement.
pub fn pin_to_one_core() -> Outcome<()> {
    let mut cores = CpuSet::new();
    cores.set(0);
    sched_setaffinity(None, &cores)?;
    Ok(())
}

/// The cores that this thread may use, to be given back to it with [`restore`].
pub fn allowed() -> Outcome<CpuSet> {
    Ok(sched_getaffinity(None)?)
}

/// Lets this thread, and what it starts, use these cores again.
pub fn restore(cores: &CpuSet) -> Outcome<()> {
    Ok(sched_setaffinity(None, cores)?)
}

/// How busy the machine was in the last minute, as the system says it: processes that run or want to.
pub fn load() -> String {
    let text = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split(' ').next().unwrap_or("unknown").to_owned()
}
