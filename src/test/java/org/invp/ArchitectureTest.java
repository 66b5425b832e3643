package org.invp;

import static com.tngtech.archunit.base.DescribedPredicate.describe;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaMethodCall;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** Dependencies point one way: the table of rooms in docs/design.md, as a test. */
class ArchitectureTest {
  /** What every room may use. */
  private static final List<String> COMMON =
      List.of("org.invp", "org.invp.tensor", "org.invp.io", "org.invp.internal");

  /** The rooms, and what each may use besides itself and what is common. */
  private static final Map<String, List<String>> ROOMS =
      Map.ofEntries(
          Map.entry("tensor", List.of()),
          Map.entry("io", List.of()),
          Map.entry("internal", List.of()),
          Map.entry(
              "bank",
              List.of("bindings.bank", "bindings.cuda", "bindings.cudart", "bindings.cublas")),
          Map.entry("objective", List.of("bindings.bank", "bank", "distributed")),
          Map.entry("nn", List.of("bindings.nn", "bindings.group", "distributed")),
          Map.entry("distributed", List.of("bindings.group")),
          Map.entry("data", List.of("bindings.image")),
          Map.entry("weights", List.of("nn")),
          Map.entry("config", List.of("bank", "objective", "nn", "data")),
          Map.entry("eval", List.of("bank", "objective", "nn", "data", "config", "distributed")),
          Map.entry(
              "train", List.of("bank", "objective", "nn", "data", "config", "eval", "distributed")),
          Map.entry(
              "report", List.of("bank", "objective", "nn", "data", "config", "eval", "train")),
          Map.entry(
              "cli",
              List.of(
                  "bank",
                  "objective",
                  "nn",
                  "data",
                  "config",
                  "eval",
                  "train",
                  "distributed",
                  "weights",
                  "distributed",
                  "report")));

  private static final JavaClasses CLASSES =
      new ClassFileImporter()
          .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
          .importPackages("org.invp");

  @TestFactory
  Stream<DynamicTest> eachRoomUsesOnlyWhatTheTableAllows() {
    return ROOMS.keySet().stream().sorted().map(ArchitectureTest::roomTest);
  }

  private static DynamicTest roomTest(String room) {
    List<String> allowed = new ArrayList<>(COMMON);
    allowed.add("org.invp." + room + "..");
    ROOMS.get(room).forEach(other -> allowed.add("org.invp." + other + ".."));
    return DynamicTest.dynamicTest(
        room,
        () ->
            noClasses()
                .that()
                .resideInAPackage("org.invp." + room + "..")
                .should()
                .dependOnClassesThat(oursOutside(allowed))
                .allowEmptyShould(true)
                .check(CLASSES));
  }

  private static DescribedPredicate<JavaClass> oursOutside(List<String> allowed) {
    var known = resideInAnyPackage(allowed.toArray(String[]::new));
    return describe(
        "of ours are outside " + allowed,
        type -> type.getPackageName().startsWith("org.invp") && !known.test(type));
  }

  @Test
  void everyPackageIsARoom() {
    List<String> rooms = new ArrayList<>(List.of("org.invp", "org.invp.bindings.."));
    ROOMS.keySet().forEach(room -> rooms.add("org.invp." + room + ".."));
    classes().should().resideInAnyPackage(rooms.toArray(String[]::new)).check(CLASSES);
  }

  @Test
  void theCommandLinesLibrariesStayInTheCommandLine() {
    noClasses()
        .that()
        .resideOutsideOfPackages("org.invp.cli..")
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage(
            "picocli..",
            "ch.qos.logback..",
            "me.tongfei..",
            "org.apache.parquet..",
            "org.apache.hadoop..",
            "blue.strategic..")
        .check(CLASSES);
  }

  @Test
  void memoryIsReinterpretedOnlyByTheLoaderAndGeneratedCode() {
    noClasses()
        .that()
        .resideOutsideOfPackages("org.invp.internal..", "org.invp.bindings..")
        .should()
        .callMethodWhere(
            describe(
                "MemorySegment.reinterpret is called",
                call ->
                    call.getTargetOwner().isEquivalentTo(MemorySegment.class)
                        && call.getName().equals("reinterpret")))
        .check(CLASSES);
  }

  /** A clock that jumps may change the name of an event file or the age of a cached one. */
  @Test
  void nothingElseAsksForTheTimeOfDay() {
    noClasses()
        .that()
        .doNotHaveFullyQualifiedName("org.invp.train.MetricsRecorder")
        .and()
        .doNotHaveFullyQualifiedName("org.invp.eval.FeatureCache")
        .should()
        .callMethodWhere(
            describe(
                "the time of day is asked for",
                call ->
                    Set.of("currentTimeMillis", "now", "system", "systemUTC", "systemDefaultZone")
                            .contains(call.getName())
                        && (call.getTargetOwner().isEquivalentTo(System.class)
                            || call.getTargetOwner().getPackageName().startsWith("java.time"))))
        .check(CLASSES);
  }

  @Test
  void onlyOneRoomCreatesReplacesAndDeletesFiles() {
    noClasses()
        .that()
        .resideOutsideOfPackages("org.invp.io..", "org.invp.bindings..")
        .and()
        .haveNameNotMatching(
            "org[.]invp[.](internal[.]CacheFolder|cli[.](Photographs|ProcessMemory|BenchLoaderCommand))")
        .should()
        .callMethodWhere(describe("changes files", ArchitectureTest::changesFiles))
        .check(CLASSES);
  }

  private static boolean changesFiles(JavaMethodCall call) {
    return call.getTargetOwner().isEquivalentTo(Files.class)
        && Set.of(
                "delete",
                "deleteIfExists",
                "move",
                "copy",
                "write",
                "writeString",
                "newOutputStream")
            .contains(call.getName());
  }
}
