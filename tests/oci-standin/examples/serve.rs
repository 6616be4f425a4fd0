//! Serves one database until its input ends: for benchmarks and for trying things by hand.
//!
//! Prints shell assignments: `eval "$(…)"` is not possible with a server that lives on, so scripts read the lines.
//! `LIBRARY_DIR` must hold `libclntsh.so`; `cargo build -p oci-standin` puts it into `target/<profile>/`.

use std::io::Read;

fn main() -> Result<(), String> {
    let db = clntsh::support::database()?;
    let cluster = clntsh::support::cluster()?;
    let exe = std::env::current_exe().map_err(|err| err.to_string())?;
    let library = exe.parent().and_then(|examples| examples.parent()).unwrap_or(&exe);
    println!("IDENTIFIER={}", db.identifier);
    println!("USERNAME={}", db.user);
    println!("PASSWORD={}", db.password);
    println!("PGHOST={}\nPGPORT={}\nPGDATABASE={}", cluster.host, cluster.port, db.name);
    println!("LIBRARY_DIR={}", library.display());
    println!("READY=1");
    let mut rest = Vec::new();
    std::io::stdin().read_to_end(&mut rest).map_err(|err| err.to_string())?;
    Ok(())
}
