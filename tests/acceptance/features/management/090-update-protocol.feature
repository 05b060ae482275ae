Feature: 090 Which protocol the platform speaks with a meter

  Scenario Outline: Another version
    Given the meter "<device>" of "<version>"
    When UpdateProtocol is asked of "<device>" with
      | path                               | value    |
      | UpdateProtocolData/Protocol        | <name>   |
      | UpdateProtocolData/ProtocolVersion | <number> |
    Then the answer is OK
    And "<device>" speaks <name> <number> none

    Examples:
      | version    | device            | name | number |
      | SMR 5.0.0  | TEST1027000000090 | SMR  | 5.1    |
      | DSMR 4.2.2 | TEST1024000000090 | SMR  | 4.3    |
      | SMR 5.5    | TEST1030000000090 | DSMR | 4.2.2  |

  Scenario: What the meter is asked follows the version
    Given the meter "TEST1028000000090" of "SMR 5.1"
    When ClearMBusStatusOnAllChannels is asked of "TEST1028000000090" with
      | path                                    | value |
      | ClearMBusStatusOnAllChannelsRequestData | {}    |
    Then the answer is OK
    When UpdateProtocol is asked of "TEST1028000000090" with
      | path                               | value |
      | UpdateProtocolData/Protocol        | SMR   |
      | UpdateProtocolData/ProtocolVersion | 5.0.0 |
    Then the answer is OK
    When ClearMBusStatusOnAllChannels is asked of "TEST1028000000090" with
      | path                                    | value |
      | ClearMBusStatusOnAllChannelsRequestData | {}    |
    Then it ends with fault 416

  Scenario: With a variant, and without it again
    Given the meter "TEST1027000000090" of "SMR 5.0.0"
    When UpdateProtocol is asked of "TEST1027000000090" with
      | path                               | value |
      | UpdateProtocolData/Protocol        | SMR   |
      | UpdateProtocolData/ProtocolVersion | 5.1   |
      | UpdateProtocolData/ProtocolVariant | CDMA  |
    Then the answer is OK
    And "TEST1027000000090" speaks SMR 5.1 CDMA
    When UpdateProtocol is asked of "TEST1027000000090" with
      | path                               | value |
      | UpdateProtocolData/Protocol        | SMR   |
      | UpdateProtocolData/ProtocolVersion | 5.1   |
    Then the answer is OK
    And "TEST1027000000090" speaks SMR 5.1 none

  Scenario Outline: A protocol that nobody knows
    Given the meter "TEST1027000000090" of "SMR 5.0.0"
    When UpdateProtocol is asked of "TEST1027000000090" with
      | path                               | value     |
      | UpdateProtocolData/Protocol        | <name>    |
      | UpdateProtocolData/ProtocolVersion | <number>  |
      | UpdateProtocolData/ProtocolVariant | <variant> |
    Then it ends with fault 206
    And "TEST1027000000090" speaks SMR 5.0.0 none

    Examples:
      | name | number | variant              |
      | SMR  | 14     | CDMA                 |
      | NOPE | 5.0.0  | CDMA                 |
      | SMR  | 5.0.0  | should-not-find-this |

  Scenario: A meter that nobody knows
    When UpdateProtocol is asked of "TEST102400unknown" with
      | path                               | value |
      | UpdateProtocolData/Protocol        | SMR   |
      | UpdateProtocolData/ProtocolVersion | 5.1   |
    Then it ends with fault 201
