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
                    "SLURM_LOCALID", "0",
                    "SLURM_JOB_NODELIST", "gpu[03-04]"))
            .orElseThrow();
    assertEquals("gpu03", found.host());
    assertEquals(Membership.DEFAULT_PORT, found.port());
  }

  @Test
  void aLauncherInsideASlurmAllocationGoesFirst() {
    Membership found =
        LaunchEnvironment.detect(
                Map.of(
                    "SLURM_PROCID", "0",
                    "SLURM_NTASKS", "1",
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
        "a,b[1-2]; a"
      })
  void theFirstHostOfASlurmList(String hosts, String first) {
    assertEquals(first, LaunchEnvironment.firstHost(hosts));
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
