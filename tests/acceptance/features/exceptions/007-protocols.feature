Feature: 007 A protocol that the platform does not know

  Scenario: AddDevice with a version that does not exist
    When a device of protocol "DSMR" "14" is added as "TEST1024000000007"
    Then adding ends with code UNKNOWN_PROTOCOL_NAME_OR_VERSION_OR_VARIANT
