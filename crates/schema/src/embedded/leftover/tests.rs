use super::{Process, process};

const NAME: &str = "claimsd-fe00-12ab";

#[test]
fn a_postmaster_is_known_by_the_cluster_name_on_its_command_line() {
    let command = "/usr/lib/postgresql/15/bin/postgres -D /a b/data -c cluster_name=claimsd-fe00-12ab -c jit=off ";
    assert_eq!(process(7, command, NAME), Some(Process { pid: 7, is_postmaster: true }));
}

#[test]
fn a_backend_is_known_by_its_title() {
    let title = "postgres: claimsd-fe00-12ab: claims_app claims [local] idle";
    assert_eq!(process(8, title, NAME), Some(Process { pid: 8, is_postmaster: false }));
}

#[test]
fn other_clusters_and_other_programs_are_left_alone() {
    for command in [
        "postgres: claimsd-fe00-12abc: checkpointer ",
        "postgres: 15/main: claims_app claims [local] idle",
        "/usr/lib/postgresql/15/bin/postgres -D /data -c cluster_name=claimsd-fe00-12abc -c jit=off ",
        "/usr/lib/postgresql/15/bin/postgres -D /var/lib/postgresql/15/main ",
        "grep cluster_name=claimsd-fe00-12ab -r . ",
        "vi postgres -D cluster_name=claimsd-fe00-12ab x",
        "",
    ] {
        assert_eq!(process(9, command, NAME), None, "{command}");
    }
}
