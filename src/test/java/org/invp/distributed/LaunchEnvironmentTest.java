package org.invp.distributed;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import org.invp.InvpException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class LaunchEnvironmentTest {
  @Test
  void aProcessThatNobodyLaunchedIsAlone() {
    assertEquals(Optional.empty(), LaunchEnvironment.detect(Map.of("PATH", "/bin")));
  }

  @Test
  void torchrunNamesRankAndMeetingPlace() {
    Membership found =
        LaunchEnvironment.detect(
                Map.of(
                    "RANK", "3",
                    "WORLD_SIZE", "8",
                    "LOCAL_RANK", "1",
                    "MASTER_ADDR", "node0",
                    "MASTER_PORT", "4711",
                    "GLOO_SOCKET_IFNAME", "eth1",
                    "INVP_GROUP_TIMEOUT_SECONDS", "30"))
            .orElseThrow();
    assertEquals(new Membership(3, 8, 1, "node0", 4711, "eth1", Duration.ofSeconds(30)), found);
  }

  @Test
  void theNextPortIsTakenWhereTorchrunListensItself() {
    Membership found =
        LaunchEnvironment.detect(
                Map.of(
                    "RANK", "0",
                    "WORLD_SIZE", "2",
                    "MASTER_ADDR", "node0",
                    "MASTER_PORT", "4711",
                    "TORCHELASTIC_USE_AGENT_STORE", "True"))
            .orElseThrow();
    assertEquals(4712, found.port());
  }

  @Test
  void slurmsFirstHostIsTheMeetingPlace() {
    Membership found =
        LaunchEnvironment.detect(
                Map.of(
                    "SLURM_PROCID", "0",
                    "SLURM_NTASKS", "2",
                    "SLURM_STEP_NUM_TASKS", "2",
                    "SLURM_LOCALID", "0",
                    "SLURM_JOB_NODELIST", "gpu[03-04]"))
            .orElseThrow();
    assertEquals("gpu03", found.host());
    assertEquals(Membership.DEFAULT_PORT, found.port());
  }

  @Test
  void aSlurmStepOnAPartOfTheHostsMeetsThere() {
    Membership found =
        LaunchEnvironment.detect(
                Map.of(
                    "SLURM_PROCID", "1",
                    "SLURM_STEP_NUM_TASKS", "2",
                    "SLURM_JOB_ID", "77",
                    "SLURM_STEP_ID", "3",
                    "SLURM_STEP_NODELIST", "gpu[07-08]",
                    "SLURM_JOB_NODELIST", "gpu[03-08]"))
            .orElseThrow();
    assertEquals("gpu07", found.host());
    assertEquals("SLURM_JOB_ID=77 SLURM_STEP_ID=3", found.job());
  }

  /** The step whose hosts Slurm lists is that of the MPI's daemons, without the first host. */
  @Test
  void ranksOfAnMpiInsideASlurmJobMeetAtItsFirstHost() {
    Membership found =
        LaunchEnvironment.detect(
                Map.of(
                    "OMPI_COMM_WORLD_RANK", "5",
                    "OMPI_COMM_WORLD_SIZE", "8",
                    "SLURM_STEP_NUM_TASKS", "1",
                    "SLURM_STEP_NODELIST", "gpu04",
                    "SLURM_JOB_NODELIST", "gpu[03-04]"))
            .orElseThrow();
    assertEquals("gpu03", found.host());
  }

  /** Slurm gives a batch script a rank and the job's number of tasks; only srun starts them. */
  @Test
  void aSlurmBatchScriptIsNoRank() {
    Map<String, String> batch =
        Map.of(
            "SLURM_PROCID", "0",
            "SLURM_NTASKS", "2",
            "SLURM_LOCALID", "0",
            "SLURM_JOB_NODELIST", "gpu[03-04]");
    assertEquals(Optional.empty(), LaunchEnvironment.detect(batch));
    assertEquals("", LaunchEnvironment.evidence(batch));
  }

  /** {@code srun --pty bash}, or the shell that salloc starts, in a job of several tasks. */
  @Test
  void aShellInASlurmJobIsAlone() {
    Membership found =
        LaunchEnvironment.detect(
                Map.of(
                    "SLURM_PROCID", "0",
                    "SLURM_NTASKS", "4",
                    "SLURM_STEP_NUM_TASKS", "1",
                    "SLURM_JOB_NODELIST", "gpu[03-04]"))
            .orElseThrow();
    assertEquals(1, found.size());
  }

  @ParameterizedTest
  @CsvSource({
    "RANK,WORLD_SIZE,torchrun",
    "OMPI_COMM_WORLD_RANK,OMPI_COMM_WORLD_SIZE,Open MPI",
    "PMI_RANK,PMI_SIZE,MPICH or Intel MPI",
    "JOB_COMPLETION_INDEX,INVP_RANKS,Kubernetes",
    "SLURM_PROCID,SLURM_STEP_NUM_TASKS,Slurm"
  })
  void theVariablesThatMakeARankAreNamed(String rank, String size, String launcher) {
    assertEquals(
        "%s and %s (%s)".formatted(rank, size, launcher),
        LaunchEnvironment.evidence(Map.of(rank, "0", size, "2")));
  }

  @Test
  void aLauncherInsideASlurmAllocationGoesFirst() {
    Membership found =
        LaunchEnvironment.detect(
                Map.of(
                    "SLURM_PROCID", "0",
                    "SLURM_NTASKS", "1",
                    "SLURM_STEP_NUM_TASKS", "1",
                    "OMPI_COMM_WORLD_RANK", "1",
                    "OMPI_COMM_WORLD_SIZE", "2",
                    "MASTER_ADDR", "a"))
            .orElseThrow();
    assertEquals(1, found.rank());
    assertEquals(2, found.size());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      value = {
        "node1; node1",
        "node1,node2; node1",
        "gpu[03-05,9]; gpu03",
        "gpu[7]; gpu7",
        "gpu[1-2]-ib,x; gpu1-ib",
        "rack[1-2]node[01-04]; rack1node01",
        "r[2,4]n[7]-ib[0-1],z; r2n7-ib0",
        "a,b[1-2]; a",
        "a,b[3,5-7]c; a",
        "b[3,5-7]c,a; b3c",
        "x[001-003,9]; x001",
        "n[10,2-3]m[0]; n10m0",
        "[1-3]; 1",
        "login-0.site.org,gpu[1-2].site.org; login-0.site.org",
        "gpu[1-2].site.org; gpu1.site.org"
      })
  void theFirstHostOfASlurmList(String hosts, String first) {
    assertEquals(first, LaunchEnvironment.firstHost(hosts));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"", ",a", "a[1-2", "a]", "a[]", "a[x-y]", "a[1-]", "a[1-2-3]", "a b", "a[1,]"})
  void whatIsNoSlurmListIsRefused(String hosts) {
    InvpException error =
        assertThrows(InvpException.class, () -> LaunchEnvironment.firstHost(hosts));
    assertTrue(error.getMessage().contains("list of hosts cannot be read"), error.getMessage());
  }

  @Test
  void aMissingMeetingPlaceIsAskedFor() {
    InvpException error =
        assertThrows(
            InvpException.class,
            () -> LaunchEnvironment.detect(Map.of("PMI_RANK", "0", "PMI_SIZE", "4")));
    assertTrue(error.getMessage().contains("MASTER_ADDR"), error.getMessage());
  }

  @ParameterizedTest
  @CsvSource({"x,2", "-1,2", "2,2", "0,0"})
  void numbersOutOfRangeAreNamed(String rank, String size) {
    InvpException error =
        assertThrows(
            InvpException.class,
            () ->
                LaunchEnvironment.detect(
                    Map.of("RANK", rank, "WORLD_SIZE", size, "MASTER_ADDR", "a")));
    assertTrue(error.getMessage().contains(rank) || error.getMessage().contains(size));
  }
}
