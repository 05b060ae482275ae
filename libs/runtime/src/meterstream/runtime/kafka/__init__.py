"""Kafka: sending, consuming in groups without loss, views of compacted topics.

Names of topics are those of `meterstream.contracts.topics`, without the installation's prefix.
"""

from meterstream.runtime.kafka.batch import Batch, BatchConsumer
from meterstream.runtime.kafka.dead_letters import DeadLetters
from meterstream.runtime.kafka.hooks import Hooks, NoHooks
from meterstream.runtime.kafka.keyed import KeyedConsumer
from meterstream.runtime.kafka.lanes import Described
from meterstream.runtime.kafka.lease import Lost
from meterstream.runtime.kafka.log import PartitionLeft
from meterstream.runtime.kafka.messages import Message, Outgoing, Position, TopicPartition
from meterstream.runtime.kafka.names import TopicNames, partition_of_key, topic_named
from meterstream.runtime.kafka.preparation import NoPreparation, Preparation
from meterstream.runtime.kafka.producer import Producer, Sends
from meterstream.runtime.kafka.turn import Turn
from meterstream.runtime.kafka.view import CompactedView, PartitionReader

__all__ = [
    "Batch",
    "BatchConsumer",
    "CompactedView",
    "DeadLetters",
    "Described",
    "Hooks",
    "KeyedConsumer",
    "Lost",
    "Message",
    "NoHooks",
    "NoPreparation",
    "Outgoing",
    "PartitionLeft",
    "PartitionReader",
    "Position",
    "Preparation",
    "Producer",
    "Sends",
    "TopicNames",
    "TopicPartition",
    "Turn",
    "partition_of_key",
    "topic_named",
]
