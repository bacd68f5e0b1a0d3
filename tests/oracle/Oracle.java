// Kafka's own message classes as a judge: reads lines, decodes with the generated classes of kafka-clients, encodes again.
//
//   in:   <api key> <version> request|response <body in hex, "-" for none>
//   out:  same | differs <hex> | refused <exception> | unknown
//
// "unknown" is a key or version that this Kafka does not have. Needs only kafka-clients on the class path.

import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.ByteBuffer;
import java.util.HexFormat;
import org.apache.kafka.common.message.ApiMessageType;
import org.apache.kafka.common.protocol.ApiMessage;
import org.apache.kafka.common.protocol.ByteBufferAccessor;
import org.apache.kafka.common.protocol.ObjectSerializationCache;

public final class Oracle {
    private Oracle() {
    }

    public static void main(String[] arguments) throws Exception {
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in));
        PrintStream out = new PrintStream(System.out, false);
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            out.println(judge(line));
        }
        out.flush();
    }

    private static String judge(String line) {
        String[] words = line.split(" ");
        short version = Short.parseShort(words[1]);
        byte[] body = words[3].equals("-") ? new byte[0] : HexFormat.of().parseHex(words[3]);
        ApiMessage message;
        try {
            ApiMessageType type = ApiMessageType.fromApiKey(Short.parseShort(words[0]));
            message = words[2].equals("request") ? type.newRequest() : type.newResponse();
        } catch (RuntimeException unknown) {
            return "unknown";
        }
        if (version < message.lowestSupportedVersion() || version > message.highestSupportedVersion()) {
            return "unknown";
        }
        try {
            ByteBuffer read = ByteBuffer.wrap(body);
            message.read(new ByteBufferAccessor(read), version);
            if (read.hasRemaining()) {
                return "refused " + read.remaining() + " bytes are left over";
            }
            ObjectSerializationCache cache = new ObjectSerializationCache();
            ByteBuffer written = ByteBuffer.allocate(message.size(cache, version));
            message.write(new ByteBufferAccessor(written), cache, version);
            return java.util.Arrays.equals(written.array(), body)
                ? "same" : "differs " + HexFormat.of().formatHex(written.array());
        } catch (RuntimeException refusal) {
            return "refused " + refusal.toString().replace('\n', ' ');
        }
    }
}
