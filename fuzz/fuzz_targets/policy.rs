#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| cosette_fuzz::targets::policy::holds(data));
