// Kafka's own record batches as a judge.
//
//   Batches write <folder>   writes batches of each kind as <name>.bin, and what Kafka reads in them as <name>.txt
//   Batches                  in: batches of one partition in hex, a line each; out: what Kafka reads in them, batches
//                            separated by " / ", or "refused <exception>"
//
// Needs kafka-clients 4.2 or newer and the codecs' jars on the class path.

import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.StringJoiner;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.internals.RecordHeader;
import org.apache.kafka.common.record.TimestampType;
import org.apache.kafka.common.record.internal.CompressionType;
import org.apache.kafka.common.record.internal.ControlRecordType;
import org.apache.kafka.common.record.internal.DefaultRecordBatch;
import org.apache.kafka.common.record.internal.EndTransactionMarker;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.MemoryRecordsBuilder;
import org.apache.kafka.common.record.internal.MutableRecordBatch;
import org.apache.kafka.common.record.internal.Record;
import org.apache.kafka.common.record.internal.RecordBatch;

public final class Batches {
    private static final long TIME = 1_700_000_000_000L;

    private Batches() {
    }

    public static void main(String[] arguments) throws Exception {
        if (arguments.length == 2) {
            write(Path.of(arguments[1]));
            return;
        }
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in));
        PrintStream out = new PrintStream(System.out, false);
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            try {
                out.println(read(HexFormat.of().parseHex(line)));
            } catch (RuntimeException refusal) {
                out.println("refused " + refusal.toString().replace('\n', ' '));
            }
        }
        out.flush();
    }

    private static String read(byte[] bytes) {
        StringJoiner lines = new StringJoiner(" / ");
        int read = 0;
        for (MutableRecordBatch batch : MemoryRecords.readableRecords(ByteBuffer.wrap(bytes)).batches()) {
            batch.ensureValid();
            read += batch.sizeInBytes();
            StringBuilder line = new StringBuilder();
            line.append(batch.baseOffset()).append(' ').append(batch.lastOffset()).append(' ')
                .append(batch.partitionLeaderEpoch()).append(" (").append(batch.producerId()).append(", ")
                .append(batch.producerEpoch()).append(", ").append(batch.baseSequence()).append(") ")
                .append(batch.isTransactional() ? 1 : 0).append(' ').append(batch.isControlBatch() ? 1 : 0).append(' ')
                .append(batch.timestampType() == TimestampType.LOG_APPEND_TIME ? 1 : 0).append(' ')
                .append(batch.maxTimestamp()).append(' ').append(batch.compressionType().id);
            for (Record record : batch) {
                line.append(" | ").append(record.offset()).append(' ').append(record.timestamp()).append(' ')
                    .append(hex(record.key())).append(' ').append(hex(record.value()));
                for (Header header : record.headers()) {
                    byte[] key = header.key().getBytes(StandardCharsets.UTF_8);
                    byte[] value = header.value();
                    line.append(' ').append(hex(ByteBuffer.wrap(key))).append('=')
                        .append(hex(value == null ? null : ByteBuffer.wrap(value)));
                }
            }
            lines.add(line);
        }
        if (read != bytes.length) {
            throw new IllegalStateException((bytes.length - read) + " bytes are left over");
        }
        return lines.toString();
    }

    private static String hex(ByteBuffer bytes) {
        if (bytes == null) {
            return "null";
        }
        byte[] copy = new byte[bytes.remaining()];
        bytes.duplicate().get(copy);
        return "#" + HexFormat.of().formatHex(copy);
    }

    private static void write(Path folder) throws Exception {
        for (CompressionType type : CompressionType.values()) {
            String name = type.name().toLowerCase(java.util.Locale.ROOT);
            ByteBuffer all = ByteBuffer.allocate(1 << 20);
            all.put(batch(type, TimestampType.CREATE_TIME, 0, 1, true));
            all.put(batch(type, TimestampType.LOG_APPEND_TIME, 100, 1, false));
            // As after compaction.
            all.put(batch(type, TimestampType.CREATE_TIME, 1_000, 37, true));
            save(folder, name, all);
        }
        ByteBuffer emptied = ByteBuffer.allocate(1 << 10);
        DefaultRecordBatch.writeEmptyHeader(emptied, RecordBatch.MAGIC_VALUE_V2, 4711, (short) 3, 99, 50, 59, 7,
            TimestampType.CREATE_TIME, TIME, true, false);
        save(folder, "emptied", emptied);
        ByteBuffer commit = ByteBuffer.allocate(1 << 10);
        commit.put(MemoryRecords.withEndTransactionMarker(60, TIME, 7, 4711, (short) 3,
            new EndTransactionMarker(ControlRecordType.COMMIT, 5)).buffer());
        save(folder, "commit", commit);
        ByteBuffer abort = ByteBuffer.allocate(1 << 20);
        abort.put(batch(CompressionType.ZSTD, TimestampType.CREATE_TIME, 61, 1, true));
        abort.put(MemoryRecords.withEndTransactionMarker(70, TIME, 7, 4711, (short) 3,
            new EndTransactionMarker(ControlRecordType.ABORT, 5)).buffer());
        save(folder, "abort", abort);
    }

    private static void save(Path folder, String name, ByteBuffer bytes) throws Exception {
        byte[] written = new byte[bytes.flip().remaining()];
        bytes.get(written);
        Files.write(folder.resolve(name + ".bin"), written);
        Files.writeString(folder.resolve(name + ".txt"), read(written).replace(" / ", "\n") + "\n");
    }

    private static ByteBuffer batch(
        CompressionType type, TimestampType times, long base, int step, boolean transactional
    ) {
        MemoryRecordsBuilder builder = MemoryRecords.builder(ByteBuffer.allocate(1 << 10), RecordBatch.MAGIC_VALUE_V2,
            Compression.of(type).build(), times, base, TIME + 5, transactional ? 4711 : -1,
            (short) (transactional ? 3 : -1), transactional ? 99 : -1, transactional, false, 7);
        Header[] none = new Header[0];
        Header[] some = {
            new RecordHeader("trace", "1".getBytes(StandardCharsets.UTF_8)), new RecordHeader("trace", null),
            new RecordHeader("", new byte[0]), new RecordHeader("trace", "1".getBytes(StandardCharsets.UTF_8)),
        };
        byte[][] keys = {text("k0"), null, text("tombstone"), null, text(""), text("k5"), text("long")};
        byte[][] values = {
            text("a value"), text("no key"), null, null, text(""), text("with headers"), text("all work ".repeat(30)),
        };
        for (int at = 0; at < keys.length; at++) {
            builder.appendWithOffset(base + (long) at * step, TIME + at, keys[at], values[at], at == 5 ? some : none);
        }
        return builder.build().buffer();
    }

    private static byte[] text(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
