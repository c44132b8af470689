package io.github.tapeloop.store;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tapeloop.format.Allocated;
import io.github.tapeloop.format.FormatException;
import io.github.tapeloop.format.Links;
import io.github.tapeloop.state.CheckpointException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Checkpoints that are damaged or made to do harm: an exception that says what, and the one before can be read still. */
class MalformedCheckpointTest {

    @TempDir
    private Path temp;

    private Path run;
    private Path newest;

    @BeforeEach
    void save() {
        run = temp.resolve("run");
        try (CheckpointDirectory directory = CheckpointDirectory.open(run, Retention.all())) {
            directory.save(Moments.moment(1)).join();
            newest = directory.save(Moments.moment(2)).join();
        }
    }

    private static Arguments row(String name, UnaryOperator<String> edit, String expected) {
        return Arguments.of(name, edit, expected);
    }

    private static UnaryOperator<String> replace(String regex, String replacement) {
        return text -> {
            String edited = text.replaceFirst(regex, replacement);
            assertTrue(!edited.equals(text), "nothing was replaced");
            return edited;
        };
    }

    private static final String MODEL = "\"model.safetensors\"";

    /** Edits of the manifest, whose checksum is made right again. */
    static Stream<Arguments> hostileManifests() {
        String big = "9223372036854775808";
        return Stream.of(
                row("a path upwards", replace(MODEL, "\"../model.safetensors\""), "plain name of a file"),
                row("an absolute path", replace(MODEL, "\"/etc/model.safetensors\""), "plain name of a file"),
                row("a path of Windows", replace(MODEL, "\"..\\\\\\\\model.safetensors\""), "plain name of a file"),
                row("a drive", replace(MODEL, "\"C:model.safetensors\""), "plain name of a file"),
                row("a stream of NTFS", replace(MODEL, "\"model:x.safetensors\""), "plain name of a file"),
                row("a zero byte", replace(MODEL, "\"model\\\\u0000.safetensors\""), "plain name of a file"),
                row("another suffix", replace(MODEL, "\"checkpoint.json\""), "plain name of a file"),
                row("a hidden file", replace(MODEL, "\".model.safetensors\""), "plain name of a file"),
                row("a long name", replace(MODEL, "\"" + "a".repeat(300) + ".safetensors\""), "plain name of a file"),
                row("a file that is not there", replace(MODEL, "\"gone.safetensors\""), "gone.safetensors"),
                row("a huge size", replace("\"bytes\": [0-9]+", "\"bytes\": 9223372036854775807"), "bytes in"),
                row("a size beyond 64 bits", replace("\"bytes\": [0-9]+", "\"bytes\": " + big), "64 bits"),
                row("a negative size", replace("\"bytes\": [0-9]+", "\"bytes\": -1"), "at least 0"),
                row("a size that is no number", replace("\"bytes\": [0-9]+", "\"bytes\": \"1\""), "whole number"),
                row("a checksum that is none", replace("\"crc32c\": \"[0-9a-f]+", "\"crc32c\": \"0"), "8 hexadecimal"),
                row(
                        "another checksum",
                        replace("\"crc32c\": \"[0-9a-f]+", "\"crc32c\": \"00000000"),
                        "checksum 00000000"),
                row("a NaN", replace("\"step\": 2", "\"step\": NaN"), "JSON"),
                row("a step of half", replace("\"step\": 2", "\"step\": 2.5"), "whole number for 'step'"),
                row("a negative step", replace("\"step\": 2", "\"step\": -2"), "at least 0"),
                row("no step", replace("\"step\": 2", "\"stop\": 2"), "'step'"),
                row("a key twice", replace("\"step\": 2", "\"step\": 2, \"step\": 2"), "'step' a second time"),
                row("a later format", replace("\"format\": 1", "\"format\": 2"), "format 1, got 2"),
                row("no format", replace("\"format\": 1", "\"farmat\": 1"), "'format'"),
                row(
                        "something that this version does not know",
                        replace("\"required\": \\[", "\"required\": [\"shards\","),
                        "'shards', which this version does not"),
                row("a part that is none", replace("\"model\": \\{", "\"more\": 7, \"model\": {"), "'more'"),
                row(
                        "a tensor in two parts",
                        replace(
                                "\"optimizer\": \\{",
                                "\"more\": {\"tensors\": [\"model/dense/bias\"]}, \"optimizer\": {"),
                        "one part"),
                row(
                        "a tensor that is not there",
                        replace("\"model/dense/bias\"", "\"model/dense/gone\""),
                        "tensors of the manifest"),
                row(
                        "a tensor too few",
                        replace(",\"model/dense/bias\"|\"model/dense/bias\",", ""),
                        "tensors of the manifest"),
                row("a tensor that is a number", replace("\"model/dense/bias\"", "7"), "texts for 'tensors'"),
                row("a long that is text", replace("\"steps\": 7", "\"steps\": \"7\""), "'steps'"),
                row("a long that is half", replace("\"steps\": 7", "\"steps\": 7.5"), "'steps'"),
                row("a double that is another text", replace("\"nan\": \"NaN\"", "\"nan\": \"nan\""), "number 'nan'"),
                row(
                        "a value of two types",
                        replace("\"longs\": \\{", "\"texts\": {\"steps\": \"7\"}, \"longs\": {"),
                        "type for 'steps'"),
                row("deep", replace("\"step\": 2", "\"step\": " + "[".repeat(100)), "64 deep"),
                row("a list", text -> "[\n]", "JSON"),
                row("empty", text -> "", "JSON"));
    }

    @Test
    void theChecksumIsMadeRightAgainAsTheStoreMakesIt() throws IOException {
        byte[] written = Files.readAllBytes(newest.resolve(Manifest.NAME));
        assertEquals(
                new String(written, StandardCharsets.UTF_8),
                new String(Damage.sealed(Damage.body(newest)), StandardCharsets.UTF_8));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("hostileManifests")
    void aHostileManifestIsRefusedWithTheReason(String name, UnaryOperator<String> edit, String expected)
            throws IOException {
        Files.write(newest.resolve(Manifest.NAME), Damage.sealed(edit.apply(Damage.body(newest))));
        long allocated = Allocated.now();
        CheckpointException no = assertThrows(CheckpointException.class, () -> CheckpointDirectory.read(newest));
        assertTrue(Allocated.now() - allocated < Allocated.LITTLE, "a size was believed");
        assertTrue(no.getMessage().contains(expected), no.getMessage());
        assertTrue(no.getMessage().contains(newest.toString()), no.getMessage());
        try (Checkpoint before = CheckpointDirectory.read(run)) {
            assertEquals(1, before.step());
        }
    }

    @Test
    void whatALaterVersionAddsIsKeptUnlessItIsRequired() throws IOException {
        String body = Damage.body(newest)
                .replaceFirst("\"step\":", "\"notes\": {\"by\": [1,2.5,null]}, \"step\":")
                .replaceFirst("\"longs\"", "\"halves\": {\"a\": 1}, \"longs\"");
        Manifest read = Manifest.of(Damage.sealed(body));
        assertEquals(List.of("notes"), List.copyOf(read.others().keySet()));
        Manifest again = Manifest.of(read.bytes());
        assertEquals(read.others(), again.others());
        assertEquals(2, again.step());
        FormatException no = assertThrows(
                FormatException.class,
                () -> Manifest.of(Damage.sealed(body.replaceFirst("\"required\": \\[", "\"required\": [\"halves\","))));
        assertTrue(no.getMessage().contains("'halves'"), no.getMessage());
    }

    @Test
    void linksAndOtherThingsInPlaceOfFilesAreRefused() throws IOException {
        Path data = newest.resolve("model.safetensors");
        Path elsewhere = Files.move(data, temp.resolve("elsewhere"));
        Links.create(data, elsewhere);
        assertRefused("got a link");
        Files.delete(data);
        Files.createDirectory(data);
        assertRefused("got a directory");
        Path manifest = newest.resolve(Manifest.NAME);
        Links.create(newest.resolve("x"), Files.move(manifest, temp.resolve("manifest")));
        Files.move(newest.resolve("x"), manifest);
        assertRefused("got a link");
        Disk.delete(newest);
        Links.create(newest, run.resolve("000001-step-1"));
        assertRefused("a file or a link");
        Files.delete(newest);
        Files.writeString(newest, "a file");
        assertRefused("a file or a link");
    }

    private void assertRefused(String expected) {
        CheckpointException no = assertThrows(CheckpointException.class, () -> CheckpointDirectory.read(newest));
        assertTrue(no.getMessage().contains(expected), no.getMessage());
        try (Checkpoint before = CheckpointDirectory.read(run)) {
            assertEquals(1, before.step());
        }
    }

    @Test
    void aLockThatIsALinkIsNotWrittenThrough() throws IOException {
        Path precious = Files.writeString(temp.resolve("precious"), "mine");
        Files.delete(run.resolve(DirectoryLock.NAME));
        Links.create(run.resolve(DirectoryLock.NAME), precious);
        assertThrows(CheckpointException.class, () -> CheckpointDirectory.open(run, Retention.all()));
        assertEquals("mine", Files.readString(precious));
    }

    @Test
    void fiveHundredDamagedCheckpointsAreRefusedAndTheOneBeforeIsRead() throws IOException {
        damage(500);
    }

    @Test
    @Tag("slow")
    void tenThousandDamagedCheckpointsAreRefusedAndTheOneBeforeIsRead() throws IOException {
        damage(10_000);
    }

    private void damage(int tries) throws IOException {
        Damage damage = new Damage(newest, new Random(5));
        int refused = 0;
        int read = 0;
        long most = 0;
        for (int i = 0; i < tries; i++) {
            damage.make();
            long allocated = Allocated.now();
            try (Checkpoint checkpoint = CheckpointDirectory.read(newest)) {
                assertTrue(damage.isSealed() || !damage.isThere(), "damage was not noticed");
                read++; // A digit of a value was changed: nothing can tell.
                checkpoint.contents().tensors().values().forEach(value -> value.slice(0, (int) value.bytes()));
            } catch (CheckpointException e) {
                refused++;
                assertTrue(e.getMessage().contains(newest.toString()), e.getMessage());
                assertTrue(e.getMessage().length() < 2000, e.getMessage());
            }
            most = Math.max(most, Allocated.now() - allocated);
            try (Checkpoint before = CheckpointDirectory.read(run)) {
                assertTrue(before.step() == 1 || before.step() == 2);
            }
            damage.mend();
        }
        System.out.printf(
                "%d checkpoints damaged: %d refused, %d read, at most %d bytes allocated%n",
                tries, refused, read, most);
        assertTrue(most < Allocated.LITTLE, most + " bytes");
        assertTrue(refused > tries / 2, refused + " of " + tries + " were refused");
    }
}
