package io.github.tapeloop;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import javax.tools.JavaCompiler;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A program on the module path that requires Tapeloop alone compiles and trains, with the one flag that the README names. */
class ModulePathTest {

    private static final Path SOURCES = Path.of("src/consumers/module-path");
    private static final Path LOG = Path.of("consumer.log");

    @TempDir
    private Path work;

    /** What a build tool puts on the module path: Tapeloop and what it depends on, nothing of the tests. */
    private static String modulePath() {
        String classPath = System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
        List<String> modules = new ArrayList<>();
        modules.add(Path.of("target/classes").toAbsolutePath().toString());
        for (String entry : classPath.split(File.pathSeparator)) {
            String name = Path.of(entry).getFileName().toString();
            if (Stream.of("tensorflow-core-", "ndarray-", "javacpp-", "protobuf-java", "slf4j-api")
                            .anyMatch(name::startsWith)
                    && !name.contains("-platform-")) { // Which lists others only.
                modules.add(entry);
            }
        }
        return String.join(File.pathSeparator, modules);
    }

    private static List<String> sources() throws IOException {
        try (Stream<Path> files = Files.walk(SOURCES)) {
            return files.map(Path::toString)
                    .filter(name -> name.endsWith(".java"))
                    .collect(Collectors.toList());
        }
    }

    /** The flags for the module path that the README names. */
    private static List<String> flags() throws IOException {
        return Files.readString(Path.of("README.md"))
                .lines()
                .flatMap(line -> Stream.of(line.split("`")))
                .filter(text -> text.startsWith("--add-opens"))
                .distinct()
                .toList();
    }

    @Test
    @Tag("process")
    void aConsumerCompilesAndTrains() throws Exception {
        JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
        List<String> options = new ArrayList<>(List.of(
                "-Xlint:all,-path",
                "-Werror",
                "--module-path",
                modulePath(),
                "-d",
                work.resolve("classes").toString()));
        options.addAll(sources());
        assertEquals(0, compiler.run(null, null, null, options.toArray(String[]::new)));

        assertEquals(1, flags().size(), () -> "flags in the README");
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(List.of(flags().get(0).split(" ")));
        command.addAll(List.of(
                "--module-path",
                work.resolve("classes") + File.pathSeparator + modulePath(),
                "--module",
                "consumer/consumer.Main"));
        Path output = work.resolve(LOG);
        Process process = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(output.toFile())
                .start();
        boolean ended = process.waitFor(5, TimeUnit.MINUTES);
        process.destroyForcibly();
        String printed = Files.readString(output);
        assertTrue(ended, printed);
        assertEquals(0, process.exitValue(), printed);
        assertTrue(printed.contains("loss falls true"), printed);
        assertTrue(printed.contains("own step learns true"), printed);
        assertTrue(printed.contains("module io.github.tapeloop"), printed);
    }
}
