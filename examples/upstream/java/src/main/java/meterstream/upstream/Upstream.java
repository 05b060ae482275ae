package meterstream.upstream;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.Signature;
import java.security.spec.PKCS8EncodedKeySpec;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Stream;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericData;
import org.apache.avro.generic.GenericRecord;
import org.apache.avro.generic.GenericRecordBuilder;
import org.apache.avro.message.BinaryMessageDecoder;
import org.apache.avro.message.BinaryMessageEncoder;
import org.apache.avro.message.MissingSchemaException;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;

/** Commands a meter straight over Kafka: Kafka's and Avro's own libraries, the released schemas, nothing else. */
public final class Upstream {
  private static final GenericData DATA = GenericData.get();

  private final Map<String, String> options;
  private final String prefix;
  private final Duration timeout;

  private Upstream(Map<String, String> options) {
    this.options = options;
    this.prefix = options.getOrDefault("prefix", "meterstream");
    this.timeout = Duration.ofSeconds(Long.parseLong(options.getOrDefault("timeout", "60")));
  }

  /** The options: bootstrap, prefix, organisation, device, operation, schemas, timeout, topic, signing-key. */
  public static void main(String[] arguments) throws Exception {
    Map<String, String> options = new HashMap<>();
    for (int place = 0; place + 1 < arguments.length; place += 2) {
      options.put(arguments[place].replaceFirst("^--", ""), arguments[place + 1]);
    }
    for (String needed : List.of("bootstrap", "organisation", "device", "schemas")) {
      if (!options.containsKey(needed)) {
        System.err.println("--" + needed + " is missing");
        System.exit(2);
      }
    }
    try {
      System.exit(new Upstream(options).run());
    } catch (KafkaException | ExecutionException | TimeoutException error) {
      System.err.println("Kafka: " + error.getMessage());
      System.exit(1);
    }
  }

  private int run() throws Exception {
    String operation = options.getOrDefault("operation", "GetActualMeterReads");
    Map<String, BinaryMessageDecoder<GenericRecord>> decoders =
        Map.of(
            prefix + ".command-states", decoder(released("command-states/CommandState")),
            prefix + ".results", decoder(released("results/" + operation + "Result")));
    try (KafkaConsumer<String, byte[]> consumer =
        new KafkaConsumer<>(client(), new StringDeserializer(), new ByteArrayDeserializer())) {
      follow(consumer); // from the present ends, before anything is sent
      GenericRecord sent = send(operation);
      System.out.println("sent " + sent.get("correlation_uid"));
      GenericRecord result = await(consumer, decoders, sent);
      if (result == null) {
        System.err.println("no result within " + timeout.toSeconds() + " s");
        return 1;
      }
      Object outcome = result.get("response") == null ? result.get("error") : result.get("response");
      System.out.println("result " + result.get("status") + " " + outcome);
      return result.get("status").toString().equals("ok") ? 0 : 1;
    }
  }

  /** Sends one command; organisation and correlation uid name it, and a repeat has the same. */
  private GenericRecord send(String operation) throws Exception {
    List<Schema> schemas = released("commands/" + operation + "Command");
    Schema schema = schemas.get(schemas.size() - 1);
    GenericRecord header = header(schema.getField("header").schema());
    Schema request = schema.getField("request").schema();
    GenericRecordBuilder asked = new GenericRecordBuilder(request);
    if (request.getField("time_zone") != null) {
      asked.set("time_zone", "Europe/Amsterdam");
    }
    GenericRecord command =
        new GenericRecordBuilder(schema).set("header", header).set("request", asked.build()).build();
    ByteBuffer encoded = new BinaryMessageEncoder<GenericRecord>(DATA, schema).encode(command);
    byte[] value = new byte[encoded.remaining()];
    encoded.get(value);
    String topic = prefix + "." + options.getOrDefault("topic", "upstream-commands");
    ProducerRecord<String, byte[]> message = new ProducerRecord<>(topic, options.get("device"), value);
    Map<String, String> event =
        Map.of(
            "ce_specversion", "1.0",
            "ce_id", header.get("submission_id").toString(),
            "ce_type", schema.getName(),
            "ce_source", "/upstream-example",
            "ce_time", Instant.now().toString());
    event.forEach((name, text) -> message.headers().add(name, text.getBytes(StandardCharsets.UTF_8)));
    if (options.containsKey("signing-key")) {
      message.headers().add("meterstream-signature", sign(options.get("device"), value));
    }
    Properties settings = client();
    settings.put("acks", "all");
    try (KafkaProducer<String, byte[]> producer =
        new KafkaProducer<>(settings, new StringSerializer(), new ByteArraySerializer())) {
      producer.send(message).get(timeout.toSeconds(), TimeUnit.SECONDS);
    }
    return header;
  }

  private GenericRecord header(Schema schema) {
    Instant now = Instant.now();
    String device = options.get("device");
    String organisation = options.get("organisation");
    return new GenericRecordBuilder(schema)
        .set("correlation_uid", organisation + "|||" + device + "|||" + UUID.randomUUID())
        .set("submission_id", UUID.randomUUID().toString())
        .set("device_identification", device)
        .set("organisation", organisation)
        .set("user", "upstream-example")
        .set("application", "upstream-example")
        .set("created_at", ChronoUnit.MICROS.between(Instant.EPOCH, now))
        .set("expires_at", ChronoUnit.MICROS.between(Instant.EPOCH, now.plus(Duration.ofHours(1))))
        .build();
  }

  /** The signature of an organisation that is `signed`: over the key's length (4 octets), the key, the value. */
  private byte[] sign(String key, byte[] value) throws GeneralSecurityException, IOException {
    String pem = Files.readString(Path.of(options.get("signing-key")));
    byte[] der = Base64.getMimeDecoder().decode(pem.replaceAll("-----[A-Z ]+-----", ""));
    Signature signature = Signature.getInstance("Ed25519");
    signature.initSign(KeyFactory.getInstance("Ed25519").generatePrivate(new PKCS8EncodedKeySpec(der)));
    byte[] name = key.getBytes(StandardCharsets.UTF_8);
    signature.update(ByteBuffer.allocate(4).putInt(name.length).array());
    signature.update(name);
    signature.update(value);
    return signature.sign();
  }

  /** Every partition of both topics from its present end, in no group. */
  private void follow(KafkaConsumer<String, byte[]> consumer) {
    List<TopicPartition> places = new ArrayList<>();
    for (String topic : List.of("command-states", "results")) {
      consumer
          .partitionsFor(prefix + "." + topic, timeout)
          .forEach(info -> places.add(new TopicPartition(info.topic(), info.partition())));
    }
    consumer.assign(places);
    consumer.seekToEnd(places);
    places.forEach(place -> consumer.position(place, timeout)); // seeking is lazy: now it is done
  }

  private GenericRecord await(
      KafkaConsumer<String, byte[]> consumer,
      Map<String, BinaryMessageDecoder<GenericRecord>> decoders,
      GenericRecord sent)
      throws IOException {
    GenericRecord result = null;
    Set<String> told = new HashSet<>();
    Instant deadline = Instant.now().plus(timeout);
    while (Instant.now().isBefore(deadline)) {
      for (ConsumerRecord<String, byte[]> found : consumer.poll(Duration.ofMillis(200))) {
        GenericRecord record = decoded(decoders.get(found.topic()), found.value());
        if (record == null || !isAbout(sent, (GenericRecord) record.get("header"))) {
          continue;
        }
        Header event = found.headers().lastHeader("ce_id");
        if (!told.add(new String(event.value(), StandardCharsets.UTF_8))) {
          continue; // the platform may send an event again, with the same id
        }
        if (record.hasField("state")) {
          System.out.println("state " + record.get("state"));
        } else { // states lie on another topic, so some may still be on their way
          result = record;
          Instant soon = Instant.now().plusMillis(500);
          deadline = soon.isBefore(deadline) ? soon : deadline;
        }
      }
    }
    return result;
  }

  /** Null for records of other operations, whose schemas were not loaded. */
  private static GenericRecord decoded(BinaryMessageDecoder<GenericRecord> decoder, byte[] value) throws IOException {
    try {
      return decoder.decode(value, null);
    } catch (MissingSchemaException other) {
      return null;
    }
  }

  private static boolean isAbout(GenericRecord sent, GenericRecord header) {
    return Stream.of("organisation", "correlation_uid")
        .allMatch(name -> sent.get(name).toString().equals(header.get(name).toString()));
  }

  /** Reads what any release wrote, as the newest schema has it: the message's fingerprint names the writer's schema. */
  private static BinaryMessageDecoder<GenericRecord> decoder(List<Schema> schemas) {
    BinaryMessageDecoder<GenericRecord> decoder = new BinaryMessageDecoder<>(DATA, schemas.get(schemas.size() - 1));
    schemas.forEach(decoder::addSchema);
    return decoder;
  }

  /** The released schemas of a record, oldest first. */
  private List<Schema> released(String folder) {
    try (Stream<Path> files = Files.list(Path.of(options.get("schemas"), folder))) {
      List<Schema> found = new ArrayList<>();
      for (Path file : files.sorted().toList()) {
        found.add(new Schema.Parser().parse(Files.readString(file)));
      }
      return found;
    } catch (IOException error) {
      throw new UncheckedIOException("no schemas of " + folder, error);
    }
  }

  private Properties client() {
    Properties settings = new Properties();
    settings.put("bootstrap.servers", options.get("bootstrap"));
    return settings;
  }
}
