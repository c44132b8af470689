package io.github.tapeloop.store;

import io.github.tapeloop.account.Contents;
import io.github.tapeloop.account.TensorValue;
import io.github.tapeloop.format.FormatException;
import io.github.tapeloop.format.InputFile;
import io.github.tapeloop.format.OutputFile;
import io.github.tapeloop.format.SafeTensors;
import io.github.tapeloop.format.SafeTensorsWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * The files of one checkpoint: tensors in safetensors files, one for each kind of part, {@code model.safetensors}, {@code optimizer.safetensors};
 * and the manifest.
 */
final class CheckpointFiles {

    private static final String SUFFIX = ".safetensors";
    private static final int LONGEST_NAME = 60;

    private CheckpointFiles() {}

    /** Writes all of them into an empty directory and forces them to the disk. */
    static void write(Path directory, Moment moment) throws IOException {
        Map<String, Map<String, TensorValue>> byFile = new TreeMap<>();
        Map<String, PartFields> parts = new LinkedHashMap<>();
        moment.contents().parts().forEach((role, part) -> {
            if (!part.tensors().isEmpty()) {
                byFile.computeIfAbsent(fileName(role), name -> new LinkedHashMap<>())
                        .putAll(part.tensors());
            }
            parts.put(role, new PartFields(List.copyOf(part.tensors().keySet()), part.values()));
        });
        Map<String, OutputFile.Written> files = new LinkedHashMap<>();
        for (Map.Entry<String, Map<String, TensorValue>> file : byFile.entrySet()) {
            files.put(file.getKey(), write(directory.resolve(file.getKey()), file.getValue()));
        }
        new Manifest(moment.step(), moment.scores(), moment.fingerprint(), parts, files, Map.of()).write(directory);
        Disk.forceNames(directory);
    }

    private static OutputFile.Written write(Path file, Map<String, TensorValue> tensors) throws IOException {
        SafeTensorsWriter writer = new SafeTensorsWriter();
        for (Map.Entry<String, TensorValue> tensor : tensors.entrySet()) {
            TensorValue value = tensor.getValue();
            writer.put(tensor.getKey(), Dtypes.of(value.type()), value.shape().asArray(), value::slice);
        }
        return writer.write(file);
    }

    /** The file that the tensors of a part are in: named by the first word of its role, as far as any system has such names. */
    static String fileName(String role) {
        String word = role.split("/", 2)[0].toLowerCase(Locale.ROOT).replaceAll("[^a-z0-9._-]", "_");
        String name = word.substring(0, Math.min(word.length(), LONGEST_NAME)).replaceFirst("^\\.", "_");
        // A device on Windows, whatever follows the point.
        boolean device = name.matches("(con|prn|aux|nul|com[0-9]|lpt[0-9])(\\..*)?");
        return (name.isEmpty() || device ? "_" + name : name) + SUFFIX;
    }

    /**
     * Opens all files, having read every byte of them once.
     *
     * @return the contents, to be closed by the caller
     * @throws FormatException if anything is damaged, missing or not as the manifest says
     */
    static Checkpoint read(Path directory) throws IOException {
        if (!Files.isDirectory(directory, LinkOption.NOFOLLOW_LINKS)) {
            throw new FormatException("Expected a directory " + directory + ", got "
                    + (Files.exists(directory, LinkOption.NOFOLLOW_LINKS) ? "a file or a link" : "nothing"));
        }
        Manifest manifest = manifest(directory);
        List<String> names = manifest.tensors();
        List<SafeTensors> opened = new ArrayList<>();
        try {
            Map<String, TensorValue> tensors = new HashMap<>();
            for (Map.Entry<String, OutputFile.Written> file : manifest.files().entrySet()) {
                SafeTensors read = SafeTensors.of(whole(directory.resolve(file.getKey()), file.getValue()));
                opened.add(read);
                if (read.entries().isEmpty()) {
                    throw new FormatException("Expected tensors in " + read.path() + ", got none");
                }
                AtomicInteger open = new AtomicInteger(read.entries().size());
                for (String name : read.entries().keySet()) {
                    if (tensors.put(name, new FileTensor(read, name, open)) != null) {
                        throw new FormatException(
                                "Expected each tensor in one file of " + directory + ", got '" + name + "' in two");
                    }
                }
            }
            if (names.size() != tensors.size() || !tensors.keySet().containsAll(names)) {
                throw new FormatException("Expected the " + names.size() + " tensors of the manifest in the files of "
                        + directory + ", got " + tensors.size() + " or others");
            }
            return new Checkpoint(
                    directory, manifest.step(), manifest.scores(), manifest.fingerprint(), contents(manifest, tensors));
        } catch (IOException | RuntimeException | Error e) {
            for (SafeTensors file : opened) {
                file.close();
            }
            throw e;
        }
    }

    static Manifest manifest(Path directory) throws IOException {
        try {
            return Manifest.read(directory);
        } catch (FormatException e) {
            throw new FormatException(
                    "The manifest " + directory.resolve(Manifest.NAME) + " cannot be read. " + e.getMessage(), e);
        }
    }

    private static InputFile whole(Path path, OutputFile.Written written) throws IOException {
        InputFile file = InputFile.open(path);
        try {
            if (file.size() != written.bytes()) {
                throw new FormatException("Expected " + written.bytes() + " bytes in " + path + ", got " + file.size());
            }
            int crc = file.crc32c();
            if (crc != written.crc32c()) {
                throw new FormatException(String.format(
                        Locale.ROOT,
                        "Expected %s to have the checksum %08x, got %08x: it was changed after it was written",
                        path,
                        written.crc32c(),
                        crc));
            }
            return file;
        } catch (IOException | RuntimeException | Error e) {
            file.close();
            throw e;
        }
    }

    private static Contents contents(Manifest manifest, Map<String, TensorValue> tensors) {
        Map<String, Contents.Part> parts = new LinkedHashMap<>();
        manifest.parts().forEach((role, fields) -> {
            Map<String, TensorValue> own = new LinkedHashMap<>();
            fields.tensors().forEach(name -> own.put(name, tensors.get(name)));
            parts.put(role, new Contents.Part(own, fields.values()));
        });
        return new Contents(parts);
    }
}
