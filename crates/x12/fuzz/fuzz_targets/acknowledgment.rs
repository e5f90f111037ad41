//! Any bytes as a TA1 and 999 file: read or refused, never a panic.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    for event in x12::acknowledgment::read(bytes) {
        if let Ok(event) = event {
            // what is told of an event must not panic either
            let _told = format!("{event:?}");
        }
    }
});
