package meterstream.interop;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.Collectors;
import org.openmuc.jdlms.datatypes.BitString;
import org.openmuc.jdlms.datatypes.CosemDateFormat;
import org.openmuc.jdlms.datatypes.DataObject;

/**
 * COSEM values as one word of text: null, true, false, a number, x and hex for octets, "s" and hex for a string, b and
 * hex for bits, [ , , ] for arrays and structures. To be read, numbers and lists need their type before them:
 * u8 u16 u32 i8 i16 i32 enum; array structure.
 */
final class Text {

    private static final HexFormat HEX = HexFormat.of();

    private Text() {}

    static String of(DataObject value) {
        return switch (value.getType()) {
            case NULL_DATA, DONT_CARE -> "null";
            case ARRAY, STRUCTURE -> value.<List<DataObject>>getValue().stream()
                    .map(Text::of)
                    .collect(Collectors.joining(",", "[", "]"));
            case BIT_STRING -> "b" + HEX.formatHex(value.<BitString>getValue().getBitString());
            case OCTET_STRING -> "x" + HEX.formatHex(value.<byte[]>getValue());
            case VISIBLE_STRING, UTF8_STRING -> "s" + HEX.formatHex(value.<byte[]>getValue());
            case DATE_TIME, DATE, TIME -> "x" + HEX.formatHex(value.<CosemDateFormat>getValue().encode());
            default -> String.valueOf(value.<Object>getValue());
        };
    }

    static DataObject parse(String text) {
        Reader reader = new Reader(text);
        DataObject value = reader.value();
        reader.end();
        return value;
    }

    private static final class Reader {

        private final String text;
        private int position;

        Reader(String text) {
            this.text = text;
        }

        DataObject value() {
            int end = position;
            while (end < text.length() && "[],:".indexOf(text.charAt(end)) < 0) {
                end++;
            }
            String head = text.substring(position, end);
            position = end;
            return switch (head) {
                case "array" -> DataObject.newArrayData(list());
                case "structure" -> DataObject.newStructureData(list());
                case "u8" -> DataObject.newUInteger8Data((short) number());
                case "u16" -> DataObject.newUInteger16Data((int) number());
                case "u32" -> DataObject.newUInteger32Data(number());
                case "i8" -> DataObject.newInteger8Data((byte) number());
                case "i16" -> DataObject.newInteger16Data((short) number());
                case "i32" -> DataObject.newInteger32Data((int) number());
                case "enum" -> DataObject.newEnumerateData((int) number());
                case "x" -> DataObject.newOctetStringData(HEX.parseHex(word()));
                case "s" -> DataObject.newVisibleStringData(
                        new String(HEX.parseHex(word()), StandardCharsets.US_ASCII).getBytes(StandardCharsets.US_ASCII));
                default -> throw new IllegalArgumentException("no type: " + head);
            };
        }

        void end() {
            if (position != text.length()) {
                throw new IllegalArgumentException("more than a value: " + text);
            }
        }

        private List<DataObject> list() {
            expect('[');
            List<DataObject> items = new ArrayList<>();
            while (text.charAt(position) != ']') {
                items.add(value());
                if (text.charAt(position) == ',') {
                    position++;
                }
            }
            expect(']');
            return items;
        }

        private long number() {
            return Long.parseLong(word());
        }

        private String word() {
            expect(':');
            int end = position;
            while (end < text.length() && "[],:".indexOf(text.charAt(end)) < 0) {
                end++;
            }
            String word = text.substring(position, end);
            position = end;
            return word;
        }

        private void expect(char wanted) {
            if (position >= text.length() || text.charAt(position) != wanted) {
                throw new IllegalArgumentException("no " + wanted + " at " + position + ": " + text);
            }
            position++;
        }
    }
}
