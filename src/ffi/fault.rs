//! Faults that are planted on purpose, so that each tool of the test suite proves that it finds its kind. Built only with
//! `--cfg rediscluster_fault="…"`; no library that anybody uses has them.

/// Reads a heap block after it was freed.
#[cfg(rediscluster_fault = "use_after_free")]
#[unsafe(no_mangle)]
pub extern "C" fn rediscluster_fault_use_after_free() -> i32 {
    let block = Box::into_raw(Box::new([7i32; 8]));
    // SAFETY: none, and that is the point: `block` is freed before it is read.
    unsafe {
        drop(std::hint::black_box(Box::from_raw(block)));
        std::hint::black_box(block).cast::<i32>().read_volatile()
    }
}

/// Forgets heap blocks: several, for the address of the last may still lie about on the stack.
#[cfg(rediscluster_fault = "leak")]
#[unsafe(no_mangle)]
pub extern "C" fn rediscluster_fault_leak() -> i32 {
    for size in 1000..1010 {
        std::mem::forget(std::hint::black_box(vec![7u8; size]));
    }
    0
}

/// Lets two threads write one number without an order.
#[cfg(rediscluster_fault = "race")]
#[unsafe(no_mangle)]
pub extern "C" fn rediscluster_fault_race() -> i32 {
    static mut NUMBER: i32 = 0;
    // Both live before either counts: a thread that begins when the other has ended may pass for it.
    let both = std::sync::Barrier::new(2);
    let count = || {
        both.wait();
        for _ in 0..10_000 {
            let number = &raw mut NUMBER;
            // SAFETY: none, and that is the point: nothing orders this with the other thread.
            unsafe { number.write_volatile(number.read_volatile() + 1) };
        }
    };
    std::thread::scope(|scope| {
        scope.spawn(count);
        scope.spawn(count);
    });
    // SAFETY: both threads have ended.
    unsafe { NUMBER }
}
